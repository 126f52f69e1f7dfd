namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>What is to be told to one peer besides messages; gathered while something is processed, then sent as one RPC.</summary>
internal sealed class ControlBatch
{
    internal List<(byte[] Topic, bool Subscribe)> Subscriptions { get; } = [];

    internal List<byte[]> Grafts { get; } = [];

    internal List<PruneNotice> Prunes { get; } = [];

    internal List<(byte[] Topic, IReadOnlyList<byte[]> Ids)> IHaves { get; } = [];

    internal List<byte[]> IWant { get; } = [];

    internal List<byte[]> IDontWant { get; } = [];

    internal bool HasControl => Grafts.Count + Prunes.Count + IHaves.Count + IWant.Count + IDontWant.Count > 0;

    /// <summary>True if losing this RPC would leave the two peers with different views, and not only cost a message.</summary>
    internal bool MustArrive => Subscriptions.Count + Grafts.Count + Prunes.Count > 0;

    internal void Clear()
    {
        Subscriptions.Clear();
        Grafts.Clear();
        Prunes.Clear();
        IHaves.Clear();
        IWant.Clear();
        IDontWant.Clear();
    }

    /// <summary>The back-off is null for a peer of version 1.0, which does not know the field. The peers are ids and signed records.</summary>
    internal sealed record PruneNotice(byte[] Topic, ulong? BackoffSeconds, IReadOnlyList<(byte[] Peer, byte[]? Record)> Peers);
}
