namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>
/// One decoded RPC: what it holds, as slices of the buffer that it was decoded from, which are valid as long as that buffer is.
/// An object is used again for the next RPC of the same peer.
/// </summary>
internal sealed class RpcFrame
{
    // Lists that a rare large RPC made grow beyond this are given up after it.
    private const int KeptCapacity = 256;

    private List<SubscriptionEntry> _subscriptions = [];
    private List<MessageEntry> _messages = [];
    private List<Slice> _ids = [];
    private List<IdListEntry> _ihaves = [];
    private List<IdListEntry> _iwants = [];
    private List<IdListEntry> _idontwants = [];
    private List<Slice> _grafts = [];
    private List<PruneEntry> _prunes = [];
    private List<PeerInfoEntry> _peerInfos = [];

    internal List<SubscriptionEntry> Subscriptions => _subscriptions;

    internal List<MessageEntry> Messages => _messages;

    /// <summary>The ids of all IHAVE, IWANT and IDONTWANT entries, one after the other.</summary>
    internal List<Slice> Ids => _ids;

    internal List<IdListEntry> IHaves => _ihaves;

    internal List<IdListEntry> IWants => _iwants;

    internal List<IdListEntry> IDontWants => _idontwants;

    /// <summary>Topics.</summary>
    internal List<Slice> Grafts => _grafts;

    internal List<PruneEntry> Prunes => _prunes;

    /// <summary>The peers of all PRUNE entries, one after the other.</summary>
    internal List<PeerInfoEntry> PeerInfos => _peerInfos;

    internal bool IsEmpty =>
        _subscriptions.Count + _messages.Count + _ihaves.Count + _iwants.Count + _idontwants.Count + _grafts.Count + _prunes.Count == 0;

    internal bool HasControl => _ihaves.Count + _iwants.Count + _idontwants.Count + _grafts.Count + _prunes.Count > 0;

    internal void Clear()
    {
        Reset(ref _subscriptions);
        Reset(ref _messages);
        Reset(ref _ids);
        Reset(ref _ihaves);
        Reset(ref _iwants);
        Reset(ref _idontwants);
        Reset(ref _grafts);
        Reset(ref _prunes);
        Reset(ref _peerInfos);
    }

    private static void Reset<T>(ref List<T> list)
    {
        if (list.Capacity > KeptCapacity)
            list = [];
        else
            list.Clear();
    }

    internal readonly record struct SubscriptionEntry(Slice Topic, bool Subscribe);

    /// <summary>Ids are <see cref="Ids"/>[First .. First + Count]; only IHAVE has a topic.</summary>
    internal readonly record struct IdListEntry(Slice Topic, int First, int Count);

    /// <summary>Peers are <see cref="PeerInfos"/>[First .. First + Count]; the back-off is in seconds, null if there is none.</summary>
    internal readonly record struct PruneEntry(Slice Topic, ulong? BackoffSeconds, int First, int Count);

    internal readonly record struct PeerInfoEntry(Slice PeerId, Slice SignedRecord);
}
