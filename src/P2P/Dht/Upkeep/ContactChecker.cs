using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// Asks contacts that have not been heard of for long for a sign of life, so that a full bucket keeps old friends that live and loses those
/// that do not (Maymounkov and Mazières, "Kademlia", section 2.2). What it asks them for are our neighbours; the PING message is deprecated.
/// </summary>
internal sealed class ContactChecker(RoutingTable table, Requester requester, IDhtNetwork network, DhtOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<PeerId> _checking = [];

    /// <summary>A peer waits for a place: asks the oldest contact of its bucket, unless enough others are being asked.</summary>
    internal void MakeRoomFor(PeerId waiting, CancellationToken cancellation)
    {
        if (table.OldestBeside(waiting) is Contact oldest && IsStale(oldest) && TryBegin(oldest.Peer))
            _ = CheckAsync(oldest.Peer, cancellation);
    }

    /// <summary>Asks all contacts that have not been heard of for long.</summary>
    internal async Task CheckStaleAsync(CancellationToken cancellation)
    {
        ParallelOptions limits = new() { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellation };
        await Parallel.ForEachAsync(table.Snapshot().Where(IsStale), limits, async (contact, token) =>
        {
            if (TryBegin(contact.Peer))
                await CheckAsync(contact.Peer, token).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Asks a peer; it gets a place in the table or keeps it if it answers.</summary>
    internal Task<DhtMessage?> AskAsync(PeerId peer, CancellationToken cancellation) => requester.RequestAsync(
        peer,
        new DhtMessage(DhtMessageType.FindNode, network.LocalPeer.Bytes.ToArray()),
        new QueryTrace(null),
        DhtEvent.NoPath,
        cancellation);

    private async Task CheckAsync(PeerId peer, CancellationToken cancellation)
    {
        try
        {
            await AskAsync(peer, cancellation).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _checking.Remove(peer);
        }
    }

    private bool IsStale(Contact contact) => time.GetUtcNow() - contact.LastSeen >= options.ContactLifetime;

    private bool TryBegin(PeerId peer)
    {
        lock (_lock)
            return _checking.Count < 2 * options.Concurrency && _checking.Add(peer);
    }
}
