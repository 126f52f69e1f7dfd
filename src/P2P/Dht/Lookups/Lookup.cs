using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>
/// One iterative search through the network (libp2p/specs, kad-dht/README.md, "Peer routing"): asks ever closer peers until the k closest
/// seen have answered, over several disjoint paths, and at last over all together, so that no path's blind spot remains.
/// </summary>
/// <param name="target">The point looked for.</param>
/// <param name="settings">Parameters.</param>
/// <param name="network">Says which addresses are known.</param>
/// <param name="scope">Addresses beyond it are not believed.</param>
/// <param name="ask">Asks a peer on the path with the given number; null if it failed.</param>
/// <param name="trace">Told when paths end.</param>
internal sealed class Lookup(
    KadKey target,
    LookupSettings settings,
    IDhtNetwork network,
    IpScope scope,
    Func<LookupPeer, int, CancellationToken, Task<DhtMessage?>> ask,
    QueryTrace trace)
{
    private readonly Dictionary<PeerId, LookupPeer> _known = [];
    private readonly List<LookupPath> _paths = [];
    private readonly List<Task<Answer>> _running = [];
    private int _requests;

    /// <summary>The peers that answered, the nearest first.</summary>
    internal IReadOnlyList<LookupPeer> Answered =>
        [.. _known.Values.Where(peer => peer.State == LookupPeerState.Answered).OrderBy(peer => peer.Distance)];

    /// <summary>Runs to its end, or until <paramref name="onAnswer"/> gives true or the token is cancelled; it does not throw then.</summary>
    /// <param name="start">Peers to start from, in an order that nobody else can foresee.</param>
    /// <param name="onAnswer">Sees every answer, one after the other.</param>
    /// <param name="cancellation">Ends the lookup early.</param>
    internal async Task RunAsync(
        IReadOnlyList<PeerId> start, Func<LookupPeer, DhtMessage, bool> onAnswer, CancellationToken cancellation)
    {
        Spread(start);
        using CancellationTokenSource abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            if (!await DrainAsync(onAnswer, abandon.Token).ConfigureAwait(false))
                return;
            Merge();
            await DrainAsync(onAnswer, abandon.Token).ConfigureAwait(false);
        }
        finally
        {
            await abandon.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(_running).ConfigureAwait(false);
        }
    }

    private void Spread(IReadOnlyList<PeerId> start)
    {
        int paths = Math.Clamp(settings.Paths, 1, Math.Max(1, start.Count));
        for (int i = 0; i < paths; i++)
            _paths.Add(new LookupPath(i, settings.K));
        for (int i = 0; i < start.Count; i++)
        {
            LookupPeer peer = new(start[i], KadKey.Of(start[i]).DistanceTo(target), []);
            if (_known.TryAdd(peer.Peer, peer))
                _paths[i % paths].Add(peer);
        }
    }

    /// <summary>One last path that has heard of everything, for what only fell between the paths.</summary>
    private void Merge()
    {
        LookupPath all = new(DhtEvent.NoPath, settings.K) { EndTold = true };
        foreach (LookupPeer peer in _known.Values)
            all.Add(peer);
        _paths.Clear();
        _paths.Add(all);
    }

    /// <returns>False if the lookup is to end here.</returns>
    private async Task<bool> DrainAsync(Func<LookupPeer, DhtMessage, bool> onAnswer, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            Launch(cancellation);
            if (_running.Count == 0)
                return true;
            Task<Answer> done = await Task.WhenAny(_running).ConfigureAwait(false);
            _running.Remove(done);
            Answer answer = await done.ConfigureAwait(false);
            if (Take(answer) && onAnswer(answer.From, answer.Message!))
                return false;
        }
        return false;
    }

    private void Launch(CancellationToken cancellation)
    {
        int active = _paths.Count(path => path.Running > 0 || path.Next() is not null);
        int share = active == 0 ? 0 : (settings.Alpha + active - 1) / active;
        bool launched = true;
        while (launched && _running.Count < settings.Alpha)
        {
            launched = false;
            foreach (LookupPath path in _paths)
            {
                if (_running.Count < settings.Alpha && path.Running < share)
                    launched |= TryLaunch(path, cancellation);
            }
        }
        foreach (LookupPath path in _paths.Where(path => path is { EndTold: false, Running: 0 } && path.Next() is null))
        {
            path.EndTold = true;
            trace.PathEnded(path.Index);
        }
    }

    private bool TryLaunch(LookupPath path, CancellationToken cancellation)
    {
        if (_requests == LookupSettings.MaxRequests * settings.K || path.Next() is not LookupPeer peer)
            return false;
        peer.Ask();
        path.Running++;
        _requests++;
        _running.Add(AskAsync(path, peer, cancellation));
        return true;
    }

    private async Task<Answer> AskAsync(LookupPath path, LookupPeer peer, CancellationToken cancellation) =>
        new(path, peer, await ask(peer, path.Index, cancellation).ConfigureAwait(false));

    /// <returns>True if there was an answer.</returns>
    private bool Take(Answer answer)
    {
        answer.Path.Running--;
        if (answer.Message is null)
        {
            answer.From.Fail();
            return false;
        }
        answer.From.Answer();
        foreach (DhtPeer named in answer.Message.CloserPeers)
            Hear(answer.Path, answer.From, named);
        return true;
    }

    private void Hear(LookupPath path, LookupPeer teller, DhtPeer named)
    {
        if (named.Peer.Equals(network.LocalPeer))
            return;
        if (!_known.TryGetValue(named.Peer, out LookupPeer? peer))
        {
            IReadOnlyList<Multiaddr> addresses = AddressFilter.Within(scope, named.Addresses, named.Peer, WireLimits.MaxAddresses);
            if (!CanAsk(named.Peer, addresses))
                return;
            peer = new LookupPeer(named.Peer, KadKey.Of(named.Peer).DistanceTo(target), addresses);
            _known.Add(named.Peer, peer);
        }
        if (!peer.Equals(teller))
            peer.ToldBy(teller);
        path.Add(peer);
    }

    private bool CanAsk(PeerId peer, IReadOnlyList<Multiaddr> addresses) =>
        network.MayServe(peer) && (AddressFilter.AnyDialable(addresses) || network.IsConnected(peer) || AddressFilter.AnyDialable(network.AddressesOf(peer)));

    private sealed record Answer(LookupPath Path, LookupPeer From, DhtMessage? Message);
}
