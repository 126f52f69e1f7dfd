namespace P2PMiner.Node.Sources.Monero;

/// <summary>Whether a daemon that answers can be mined with.</summary>
internal static class DaemonFitness
{
    /// <summary>How a regtest daemon calls its network, which has mainnet's addresses.</summary>
    private const string RegtestNetType = "fakechain";

    /// <summary>Null when it can.</summary>
    /// <param name="info">What the daemon says of itself.</param>
    /// <param name="wallet">The network of the address that blocks are to pay.</param>
    public static DaemonError? FindFault(DaemonInfo info, MoneroNetwork wallet)
    {
        if (info.NetType != NetTypeOf(wallet) && (info.NetType != RegtestNetType || wallet != MoneroNetwork.Main))
        {
            return new DaemonError(
                DaemonFault.WrongNetwork,
                $"it is on {RpcErrors.OneLine(info.NetType)}, the wallet address on {NetTypeOf(wallet)}: give an address or a daemon of the other's network");
        }
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

    private static string NetTypeOf(MoneroNetwork network) => network switch
    {
        MoneroNetwork.Main => "mainnet",
        MoneroNetwork.Test => "testnet",
        MoneroNetwork.Stage => "stagenet",
        _ => throw new ArgumentOutOfRangeException(nameof(network), network, null),
    };
}
