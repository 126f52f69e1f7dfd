using System.Buffers.Binary;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Scoring;

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// What follows from a verdict on a message: first that on its signature, then that of a validator (libp2p/specs,
/// pubsub/gossipsub/gossipsub-v1.1.md, "Extended Validators"). Belongs to the router's lock.
/// </summary>
internal sealed class MessageVerdicts(
    LocalTopics local,
    SeenCache seen,
    InFlightMessages inFlight,
    Authors authors,
    Promises promises,
    MessageCache cache,
    DeliveryScores deliveries,
    GossipExchange exchange,
    Recipients recipients,
    MessageIntake intake,
    PeerGuard guard,
    Outbox outbox)
{
    private readonly List<GossipPeer> _recipients = [];

    /// <summary>The signature was judged. What is to be delivered, and asked of a validator before, is set in the message.</summary>
    internal void Admit(PendingMessage pending)
    {
        inFlight.Remove(pending);
        if (!pending.IsVerified)
        {
            OnForged(pending);
            return;
        }
        GossipMessage message = pending.Message;
        PeerId? author = pending.Author is null ? null : authors.Intern(pending.Author);
        ulong? number = message.IsSigned ? BinaryPrimitives.ReadUInt64BigEndian(message.SequenceNumber) : null;
        if (!seen.Add(message.Id, pending.Source.Number, author, number ?? 0))
        {
            deliveries.Duplicate(pending.Source.Stats, message.Id, pending.Topic.Name);
            return;
        }
        promises.Keep(message.Id);
        if (pending.Topic.Mesh is null)
            return;
        exchange.Decline(pending.Topic, message, pending.Source);
        pending.Delivery = new PubSubMessage(pending.Topic.Name, message.Data, author, number, pending.Source.Id, message.Id);
        pending.Validator = local.ValidatorOf(pending.Topic.Name);
        if (pending.Validator is null)
            Accept(pending);
    }

    /// <summary>A validator has judged the message.</summary>
    internal void Conclude(PendingMessage pending, Verdict verdict)
    {
        if (verdict == Verdict.Accept)
        {
            Accept(pending);
            return;
        }
        PubSubMetrics.Rejected.Add(1, new KeyValuePair<string, object?>("verdict", verdict.ToString()));
        if (verdict == Verdict.Ignore)
        {
            deliveries.Ignore(pending.Message.Id, pending.Topic.Name);
            return;
        }
        deliveries.Reject(pending.Source.Stats, pending.Message.Id, pending.Topic.Name);
        foreach (GossipPeer peer in Senders(pending))
        {
            guard.CountUseless(peer, "messages that are rejected");
            guard.Judge(peer, "messages that are rejected");
        }
    }

    private void Accept(PendingMessage pending)
    {
        deliveries.Deliver(pending.Source.Stats, pending.Message.Id, pending.Topic.Name);
        cache.Add(pending.Message, pending.Topic.Key);
        recipients.AddForwarding(pending.Topic, _recipients);
        foreach (GossipPeer peer in _recipients)
        {
            if (Needs(peer, pending))
                outbox.Send(peer, pending.Message, Lane.Forwarded);
        }
        _recipients.Clear();
    }

    private static bool Needs(GossipPeer peer, PendingMessage pending) =>
        peer != pending.Source
        && pending.Others?.Contains(peer) != true
        && peer.CanSend
        && !peer.Declined.Contains(pending.Message.Id)
        && pending.Delivery?.IsSentTo?.Invoke(peer.Id) != true
        && !peer.Id.Bytes.SequenceEqual(pending.Message.From);

    private void OnForged(PendingMessage pending)
    {
        // What a peer that was cut off had sent is not verified, but may have come from others as well.
        if (pending.Source.IsCutOff)
        {
            if (pending.Others?.Find(static peer => peer is { IsPresent: true, IsCutOff: false }) is { } other)
                intake.Queue(new PendingMessage(pending.Message, pending.Topic, other));
            return;
        }
        PubSubMetrics.Invalid.Add(1, new KeyValuePair<string, object?>("fault", nameof(MessageFault.BadSignature)));
        foreach (GossipPeer peer in Senders(pending))
        {
            deliveries.CountInvalid(peer.Stats, pending.Topic.Name);
            guard.Penalise(peer, 1, "a forged signature");
        }
    }

    private static IEnumerable<GossipPeer> Senders(PendingMessage pending) =>
        (pending.Others ?? []).Where(static peer => peer.IsPresent).Prepend(pending.Source);
}
