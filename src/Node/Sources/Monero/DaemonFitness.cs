namespace P2PMiner.Node.Sources.Monero;

/// <summary>Whether a daemon that answers can be mined with.</summary>
internal static class DaemonFitness
{
    /// <summary>Null when it can.</summary>
    public static DaemonError? FindFault(DaemonInfo info, string wallet)
    {
        if (info.Untrusted)
        {
            return new DaemonError(
                DaemonFault.Unsynchronized, "it lets a bootstrap daemon answer until it has synchronised: wait for it");
        }
        if (!info.Synchronized)
        {
            string progress = info.TargetHeight > info.Height ? $" (height {info.Height} of {info.TargetHeight})" : $" (height {info.Height})";
            return new DaemonError(DaemonFault.Unsynchronized, $"it is not synchronised yet{progress}: waiting for it");
        }
        return null;
    }
}
