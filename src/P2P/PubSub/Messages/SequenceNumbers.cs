namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>
/// Our sequence numbers begin at the wall clock in nanoseconds, so that they go on growing after a restart: peers may drop anything
/// that is not above the last one they saw of an author.
/// </summary>
internal static class SequenceNumbers
{
    private const ulong NanosecondsPerTick = 100;

    /// <summary>The first number for a service that starts now.</summary>
    internal static ulong At(TimeProvider time) => (ulong)(time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
}
