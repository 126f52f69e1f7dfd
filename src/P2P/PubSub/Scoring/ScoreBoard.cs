using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>
/// The scores of all peers (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Peer Scoring"). Bad ones are kept after the peer has gone,
/// and do not decay meanwhile, so that nobody sheds them by reconnecting. Not thread-safe.
/// </summary>
internal sealed class ScoreBoard(PeerScoreOptions options, TimeProvider time)
{
    /// <summary>Peers that are remembered after they have gone; beyond it new ones are not.</summary>
    internal const int MaxRetained = 4096;

    private readonly Dictionary<PeerId, PeerStats> _peers = [];
    private readonly Dictionary<IPAddress, ColocatedPeers> _addresses = [];
    private long _decayed = time.GetTimestamp();
    private int _retained;

    internal int Count => _peers.Count;

    internal int AddressCount => _addresses.Count;

    internal PeerStats Connect(PeerId peer, IPAddress? address)
    {
        if (!_peers.TryGetValue(peer, out PeerStats? stats))
            _peers.Add(peer, stats = new PeerStats());
        else if (!stats.IsConnected)
            _retained--;
        stats.IsConnected = true;
        LeaveAddress(stats);
        stats.Colocated = address is null || options.IsColocationExempt(address) ? null : EnterAddress(address);
        return stats;
    }

    internal void Disconnect(PeerId peer)
    {
        PeerStats stats = _peers[peer];
        stats.IsConnected = false;
        stats.Left = time.GetTimestamp();
        bool isBad = Score(peer, stats) < 0;
        foreach (TopicStats topic in stats.Topics.Values)
            topic.Disconnect();
        if ((isBad || Score(peer, stats) < 0) && _retained < MaxRetained)
            _retained++;
        else
            Forget(peer, stats);
    }

    internal double Score(PeerId peer) => _peers.TryGetValue(peer, out PeerStats? stats) ? Score(peer, stats) : 0;

    /// <summary>"The Score Function".</summary>
    internal double Score(PeerId peer, PeerStats stats)
    {
        double score = 0;
        foreach (TopicStats topic in stats.Topics.Values)
            score += topic.Score() * topic.Weight;
        if (options.TopicCap > 0)
            score = Math.Min(score, options.TopicCap);
        if (options.Application is not null)
            score += options.Application(peer) * options.ApplicationWeight;
        if (stats.Colocated is not null)
            score += Square(stats.Colocated.Count - options.ColocationThreshold) * options.ColocationWeight;
        return score + (Square(stats.BehaviourPenalty - options.BehaviourThreshold) * options.BehaviourWeight);
    }

    /// <summary>The counters in a topic; null if it is not scored.</summary>
    internal TopicStats? TopicOf(PeerStats stats, string topic)
    {
        if (stats.Topics.TryGetValue(topic, out TopicStats? counters) || !options.Topics.TryGetValue(topic, out TopicScoreOptions? scored))
            return counters;
        counters = new TopicStats(scored);
        stats.Topics.Add(topic, counters);
        return counters;
    }

    internal bool IsScored(string topic) => options.Topics.ContainsKey(topic);

    /// <summary>Decays all counters once for each interval that has passed, and forgets peers that have been gone long enough.</summary>
    internal void Refresh()
    {
        long now = time.GetTimestamp();
        TimeSpan elapsed = time.GetElapsedTime(_decayed, now);
        int intervals = (int)Math.Min(elapsed / options.DecayInterval, MaxDecaysAtOnce);
        if (intervals == 0)
            return;
        _decayed = intervals == MaxDecaysAtOnce ? now : now - Timestamp(elapsed - (intervals * options.DecayInterval));
        foreach ((PeerId peer, PeerStats stats) in _peers)
        {
            if (stats.IsConnected)
                Decay(stats, intervals);
            else if (time.GetElapsedTime(stats.Left, now) >= options.Retain)
                ForgetRetained(peer, stats);
        }
    }

    // After a suspension every counter is 0 long before this.
    private const int MaxDecaysAtOnce = 1000;

    private void Decay(PeerStats stats, int intervals)
    {
        for (int i = 0; i < intervals; i++)
        {
            foreach (TopicStats topic in stats.Topics.Values)
                topic.Decay(time, options.DecayToZero);
            stats.BehaviourPenalty = TopicStats.Decayed(stats.BehaviourPenalty, options.BehaviourDecay, options.DecayToZero);
        }
    }

    private void ForgetRetained(PeerId peer, PeerStats stats)
    {
        _retained--;
        Forget(peer, stats);
    }

    private void Forget(PeerId peer, PeerStats stats)
    {
        LeaveAddress(stats);
        _peers.Remove(peer);
    }

    private ColocatedPeers EnterAddress(IPAddress address)
    {
        IPAddress group = ColocatedPeers.Group(address);
        if (!_addresses.TryGetValue(group, out ColocatedPeers? peers))
            _addresses.Add(group, peers = new ColocatedPeers(group));
        peers.Count++;
        return peers;
    }

    private void LeaveAddress(PeerStats stats)
    {
        if (stats.Colocated is { } peers && --peers.Count == 0)
            _addresses.Remove(peers.Address);
        stats.Colocated = null;
    }

    private static double Square(double excess) => excess > 0 ? excess * excess : 0;

    private long Timestamp(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
