using System.Collections.Concurrent;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Simulation;

/// <summary>Many nodes in one process on the test's clock. Everything follows from the seed.</summary>
internal sealed class SimulatedNetwork(ManualTime time, int seed)
{
    private readonly ConcurrentDictionary<PeerId, SimulatedPeer> _peers = [];
    private readonly Random _random = new(seed);
    private int _created;
    private long _delivered;

    internal ManualTime Time => time;

    internal Random Random => _random;

    internal IEnumerable<SimulatedPeer> Peers => _peers.Values.OrderBy(peer => peer.Number);

    /// <summary>Requests and messages delivered.</summary>
    internal long Delivered => _delivered;

    /// <summary>How long one delivery and its answer take on the clock of the test.</summary>
    internal TimeSpan Latency { get; set; }

    internal SimulatedPeer? Find(PeerId peer) => _peers.TryGetValue(peer, out SimulatedPeer? found) ? found : null;

    internal SimulatedPeer Add(DhtOptions? options = null, PeerId? id = null)
    {
        int number = ++_created;
        byte[] key = new byte[32];
        _random.NextBytes(key);
        SimulatedPeer peer = new(
            this,
            id ?? PeerId.FromEd25519(key),
            Multiaddr.Parse($"/ip4/127.{number >> 16}.{number >> 8 & 255}.{number & 255}/tcp/4001"),
            options ?? new DhtOptions(),
            _random.Next())
        {
            Number = number,
        };
        _peers[peer.LocalPeer] = peer;
        return peer;
    }

    internal void Remove(SimulatedPeer peer)
    {
        peer.IsUp = false;
        _peers.TryRemove(peer.LocalPeer, out _);
        foreach (SimulatedPeer other in _peers.Values)
            other.Disconnect(peer);
    }

    /// <summary>Adds nodes that join one after the other over some node that is there already.</summary>
    internal async Task<List<SimulatedPeer>> JoinAsync(int count, DhtOptions? options = null)
    {
        List<SimulatedPeer> joined = [];
        for (int i = 0; i < count; i++)
        {
            List<SimulatedPeer> present = [.. Peers.Where(peer => peer is { IsUp: true, IsServer: true, Lie: null })];
            SimulatedPeer peer = Add(options);
            joined.Add(peer);
            if (present.Count == 0)
                continue;
            peer.Connect(present[_random.Next(present.Count)]);
            await peer.Node.Refresher.RefreshAsync(CancellationToken.None);
        }
        return joined;
    }

    /// <summary>The live servers closest to a key, the nearest first.</summary>
    internal List<PeerId> TrueClosest(ReadOnlySpan<byte> key, int count, PeerId except)
    {
        var target = KadKey.Of(key);
        return [.. _peers.Values
            .Where(peer => peer is { IsUp: true, IsServer: true } && !peer.LocalPeer.Equals(except))
            .OrderBy(peer => KadKey.Of(peer.LocalPeer).DistanceTo(target))
            .Take(count)
            .Select(peer => peer.LocalPeer)];
    }

    internal byte[] RandomKey()
    {
        byte[] key = new byte[34];
        _random.NextBytes(key);
        (key[0], key[1]) = (0x12, 0x20);
        return key;
    }

    internal async Task<DhtMessage?> DeliverAsync(SimulatedPeer from, PeerId to, DhtMessage message, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Find(to) is not { IsUp: true, IsServer: true } target || !from.AddressesOf(to).Contains(target.Address))
            throw new IOException("not reachable");
        Interlocked.Increment(ref _delivered);
        if (target.IsMute)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        if (Latency > TimeSpan.Zero)
            await Task.Delay(Latency, time, cancellation);
        from.Connect(target);
        try
        {
            return target.Answer(from.LocalPeer, message);
        }
        catch (InvalidDataException refused)
        {
            throw new IOException($"reset: {refused.Message}");
        }
    }
}
