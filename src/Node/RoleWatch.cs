namespace P2PMiner.Node;

/// <summary>Has a <see cref="RoleKeeper"/> look at the conditions every few seconds.</summary>
/// <param name="keeper">Decides.</param>
/// <param name="conditions">Reads them; costs a few small files.</param>
/// <param name="changed">Gets each new plan.</param>
/// <param name="time">Paces.</param>
internal sealed class RoleWatch(RoleKeeper keeper, Func<RoleConditions> conditions, Action<RolePlan> changed, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            if (keeper.Look(conditions()))
                changed(keeper.Plan);
        }
    }
}
