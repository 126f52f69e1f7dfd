namespace P2PMiner.Mining.Threads;

/// <summary>
/// How often one thread gives up the hashes in flight for a new job: so many times at once, and once in a pause in the long run. Otherwise
/// who publishes jobs without end would cost others a part of all that they hash.
/// </summary>
internal sealed class GivingUp(MinerControl control)
{
    /// <summary>A block and what follows it (the daemon's next template, another publisher's, a link) are so many jobs in a moment.</summary>
    private const int Burst = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private TimeSpan _owed;
    private long _owedAt;

    public bool IsAllowed => Owed <= (Burst - 1) * Pause;

    private TimeSpan Owed => _owed - control.ElapsedSince(_owedAt) is { Ticks: > 0 } owed ? owed : TimeSpan.Zero;

    /// <summary>Counts one.</summary>
    public void Count() => (_owed, _owedAt) = (Owed + Pause, control.Now);
}
