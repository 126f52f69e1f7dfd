using System.Diagnostics;
using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Validation;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>
/// The one place where peers, topics and messages come together: every step takes the lock, lets the parts do their work, and sends what
/// they want sent. Nothing here waits, calls the network, or, under the lock, calls the application but for traces.
/// </summary>
internal sealed class GossipRouter
{
    private readonly Lock _gate = new();
    private readonly PubSubOptions _options;
    private readonly RouterContext _context;
    private readonly RouterParts _parts;
    private readonly WriterTurns _writers = new(Environment.ProcessorCount);
    private readonly List<GossipPeer> _recipients = [];
    private long _lastPeer;

    internal GossipRouter(RouterContext context)
    {
        _options = context.Options;
        _context = context;
        _parts = new RouterParts(context, _gate);
    }

    internal LocalTopics Local => _parts.Local;

    /// <summary>Admits a peer with whom streams are being opened.</summary>
    internal GossipPeer Add(IPeerConnection connection)
    {
        PeerQueue queue = new(_options.Limits.MaxQueuedBytes, _writers);
        lock (_gate)
        {
            GossipPeer peer = new(
                ++_lastPeer,
                connection,
                _parts.Scores.Connect(connection.RemotePeer, connection.RemoteAddress.TcpEndPoint?.Address),
                queue,
                new PeerWriter(queue, _context.Time),
                new ValidationLane(_options.Limits.MaxPendingPerPeer),
                new PeerPace(_options.Limits.TopicRates, _context.Time))
            {
                IsDirect = _options.DirectPeers.Contains(connection.RemotePeer),
            };
            _parts.Peers.Add(peer);
            PubSubMetrics.Peers.Add(1);
            return peer;
        }
    }

    /// <summary>Forgets a peer, but for its score and back-offs.</summary>
    internal void Remove(GossipPeer peer)
    {
        lock (_gate)
        {
            if (!_parts.Peers.Remove(peer))
                return;
            peer.IsPresent = false;
            foreach (Topic topic in _parts.Topics.All)
            {
                _parts.Links.Remove(topic, peer);
                topic.Fanout?.Peers.Remove(peer);
            }
            _parts.Subscriptions.Remove(peer);
            _parts.Scores.Disconnect(peer.Id);
            PubSubMetrics.Peers.Add(-1);
        }
        if (peer.IsCutOff)
            _parts.Pool.Discard(peer.Lane);
        peer.Queue.Close();
    }

    /// <summary>Our stream to a peer is open: it is told our subscriptions, and may be meshed with.</summary>
    internal void SetReachable(GossipPeer peer, string protocol)
    {
        lock (_gate)
        {
            if (!peer.IsPresent)
                return;
            SetProtocol(peer, protocol);
            foreach (string topic in Local.Names)
                _parts.Outbox.For(peer).Subscriptions.Add((Encoding.UTF8.GetBytes(topic), true));
            _parts.Outbox.Flush();
            _parts.Subscriptions.OnReachable(peer);
            _parts.Outbox.Flush();
        }
    }

    /// <summary>Our stream to a peer goes on over another connection.</summary>
    internal void SetConnection(GossipPeer peer, IPeerConnection connection, string protocol)
    {
        lock (_gate)
        {
            peer.Connection = connection;
            SetProtocol(peer, protocol);
        }
    }

    /// <summary>We cannot open a stream to a peer that has one to us.</summary>
    internal void SetUnreachable(GossipPeer peer)
    {
        lock (_gate)
        {
            peer.IsUnreachable = true;
            foreach (Topic topic in _parts.Topics.All)
                _parts.Links.Remove(topic, peer);
        }
    }

    internal void SetSignedRecord(PeerId peer, byte[] envelope)
    {
        lock (_gate)
        {
            if (_parts.Peers.Find(peer) is { } known)
                known.SignedRecord = envelope;
        }
    }

    /// <summary>Processes an RPC.</summary>
    /// <param name="peer">Who sent it.</param>
    /// <param name="buffer">The RPC's bytes.</param>
    /// <param name="rpc">Where what is in them.</param>
    /// <param name="verifiesHere">
    /// Whether the first few of its messages are verified and given to their validators before this returns, if nothing else is being verified.
    /// </param>
    internal void Receive(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, bool verifiesHere)
    {
        bool isWorker = false;
        try
        {
            lock (_gate)
            {
                if (!peer.IsPresent || peer.IsCutOff)
                    return;
                _parts.Processor.Trace(peer, buffer, rpc);
                if (!_parts.Guard.IsHeard(peer))
                    return;
                if (verifiesHere)
                    _parts.Pool.BeginReading(peer.Lane);
                try
                {
                    _parts.Processor.Process(peer, buffer, rpc, _parts.Heartbeat.Tick);
                }
                finally
                {
                    isWorker = _parts.Pool.EndReading(peer.Lane);
                }
            }
        }
        finally
        {
            if (peer.IsCutOff)
                _parts.Pool.Discard(peer.Lane);

            // Even if processing failed: the pool counts on this thread for one of its workers.
            if (isWorker)
                _parts.Pool.Execute();
        }
    }

    /// <summary>A peer sent something that is no RPC: whoever called will end the stream.</summary>
    /// <returns>What was wrong.</returns>
    internal string OnBrokenFrame(GossipPeer peer, FrameStatus status)
    {
        string reason = status switch
        {
            FrameStatus.TooLong => "an RPC longer than the limit",
            FrameStatus.BadLength => "a malformed length",
            _ => "a malformed RPC",
        };
        lock (_gate)
        {
            if (peer is { IsPresent: true, IsCutOff: false })
                _parts.Guard.Penalise(peer, 1, reason);
        }
        return reason;
    }

    /// <summary>Completes when the peer may send more messages.</summary>
    internal Task WhenRoom(GossipPeer peer) => _parts.Pool.WhenRoom(peer.Lane);

    internal void RunHeartbeat()
    {
        long began = Stopwatch.GetTimestamp();
        lock (_gate)
            _parts.Heartbeat.Run();
        PubSubMetrics.Heartbeats.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    internal void Subscribe(Subscription subscription)
    {
        lock (_gate)
        {
            if (!Local.Add(subscription))
                return;
            Announce(_parts.Topics.GetOrAdd(subscription.Topic), isSubscribed: true);
            _parts.Outbox.Flush();
            _parts.Membership.Join(_parts.Topics.GetOrAdd(subscription.Topic));
            _parts.Outbox.Flush();
        }
    }

    internal void Unsubscribe(Subscription subscription)
    {
        lock (_gate)
        {
            if (!Local.Remove(subscription) || _parts.Topics.Find(subscription.Topic) is not { } topic)
                return;
            Announce(topic, isSubscribed: false);
            _parts.Membership.Leave(topic);
            _parts.Outbox.Flush();
            _parts.Topics.Release(topic);
        }
    }

    /// <summary>Sends a message of our own.</summary>
    /// <returns>The peers that it was queued to; empty as well if the very same message was there before.</returns>
    internal List<GossipPeer> Publish(string name, GossipMessage message)
    {
        lock (_gate)
        {
            if (!_parts.Seen.Add(message.Id, sender: 0, author: null, number: 0))
                return [];
            Topic topic = _parts.Topics.GetOrAdd(name);
            _parts.Promises.Keep(message.Id);
            _parts.Cache.Add(message, topic.Key);
            _parts.Recipients.AddPublishing(topic, _recipients);
            List<GossipPeer> reached =
                [.. _recipients.Where(peer => !peer.Declined.Contains(message.Id) && _parts.Outbox.Send(peer, message, Lane.Own))];
            _recipients.Clear();
            _parts.Topics.Release(topic);
            return reached;
        }
    }

    /// <summary>Verifies nothing more.</summary>
    internal void Stop() => _parts.Pool.Stop();

    /// <summary>Reads something of the state.</summary>
    internal T Inspect<T>(Func<RouterParts, T> read)
    {
        lock (_gate)
            return read(_parts);
    }

    private static void SetProtocol(GossipPeer peer, string protocol)
    {
        peer.Protocol = protocol;
        peer.Version = protocol switch
        {
            PubSubOptions.Version12 => ProtocolVersion.V12,
            PubSubOptions.Version11 => ProtocolVersion.V11,
            _ => ProtocolVersion.V10,
        };
    }

    private void Announce(Topic topic, bool isSubscribed)
    {
        foreach (GossipPeer peer in _parts.Peers.All)
        {
            if (peer.CanSend)
                _parts.Outbox.For(peer).Subscriptions.Add((topic.Key, isSubscribed));
        }
    }
}
