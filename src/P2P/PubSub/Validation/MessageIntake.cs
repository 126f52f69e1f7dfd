using System.Buffers.Binary;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Scoring;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// Everything about a message of others that is cheap: whether we want it, whether it has the right shape, whether it was here before. Only
/// verified messages count as seen, so that a forged copy cannot hide the genuine one. Belongs to the router's lock.
/// </summary>
internal sealed class MessageIntake(
    PubSubOptions options,
    PeerId self,
    TopicTable topics,
    SeenCache seen,
    InFlightMessages inFlight,
    Authors authors,
    Promises promises,
    DeliveryScores deliveries,
    PeerGuard guard,
    VerificationPool pool)
{
    private readonly MessageIdFunction _idFunction = options.IdFunction;

    internal void Receive(GossipPeer peer, ReadOnlySpan<byte> buffer, in MessageEntry fields)
    {
        PubSubMetrics.Received.Add(1);
        if (!topics.TryFind(fields.Topic.Of(buffer), out Topic? topic) || topic.Mesh is null)
        {
            guard.CountUseless(peer, "messages of topics that we are not subscribed to");
            return;
        }
        MessageFault fault = MessageVerifier.CheckShape(buffer, fields, options.Signatures, options.Limits.MaxDataSize);
        if (fault != MessageFault.None)
        {
            OnFault(peer, topic, fault);
            return;
        }
        Span<byte> id = stackalloc byte[MessageId.MaxSize];
        id = id[..MessageIds.Write(_idFunction, buffer, fields, id)];
        promises.Keep(id, peer);
        if (IsDuplicate(peer, topic, buffer, fields, id) || IsReplay(peer, buffer, fields))
            return;
        if (peer.Pace.TryTake(topic.Name, fields.Data.Length))
            Queue(new PendingMessage(new GossipMessage(buffer, fields, id.ToArray()), topic, peer));
        else
            guard.CountUseless(peer, "more messages in one RPC than are taken at once");
    }

    /// <summary>Gives a message to the verifiers, as one of its source.</summary>
    internal void Queue(PendingMessage message)
    {
        inFlight.Add(message);
        pool.Add(message.Source.Lane, message);
    }

    private void OnFault(GossipPeer peer, Topic topic, MessageFault fault)
    {
        PubSubMetrics.Invalid.Add(1, new KeyValuePair<string, object?>("fault", fault.ToString()));
        if (fault != MessageFault.TooLong)
            deliveries.CountInvalid(peer.Stats, topic.Name);
        if (fault == MessageFault.BadKey)
            guard.Penalise(peer, 1, "a key that is not the author's");
        else
            guard.CountUseless(peer, "messages against the signature policy");
        guard.Judge(peer, "invalid messages");
    }

    private bool IsDuplicate(GossipPeer peer, Topic topic, ReadOnlySpan<byte> buffer, in MessageEntry fields, ReadOnlySpan<byte> id)
    {
        bool again;
        if (inFlight.TryFind(id, out PendingMessage? pending))
        {
            if (!pending.Message.Equals(buffer, fields))
                return false;
            again = !pending.TryAddSender(peer);
        }
        else if (!seen.IsDuplicate(id, peer.Number, out again) && !fields.From.Of(buffer).SequenceEqual(self.Bytes))
        {
            return false;
        }
        PubSubMetrics.Duplicates.Add(1);
        deliveries.Duplicate(peer.Stats, id, topic.Name);
        guard.Judge(peer, "invalid messages");
        if (again)
            guard.CountUseless(peer, "the same message again");
        return true;
    }

    private bool IsReplay(GossipPeer peer, ReadOnlySpan<byte> buffer, in MessageEntry fields)
    {
        if (!options.IgnoreReplays || options.Signatures != SignaturePolicy.Sign)
            return false;
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(fields.SequenceNumber.Of(buffer));
        if (!authors.IsReplay(fields.From.Of(buffer), number))
            return false;
        guard.CountUseless(peer, "replayed messages");
        return true;
    }
}
