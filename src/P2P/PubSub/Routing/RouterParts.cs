using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Scoring;
using P2PMiner.P2P.PubSub.Validation;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>The parts of a router, put together in the order in which they depend on each other.</summary>
internal sealed class RouterParts
{
    internal RouterParts(RouterContext context, Lock gate)
    {
        PubSubOptions options = context.Options;
        TimeProvider time = context.Time;

        Scores = new ScoreBoard(options.Scores, time);
        Deliveries = new DeliveryScores(Scores, options.Scores, options.Limits, options.Gossip.SeenLifetime, time);
        Guard = new PeerGuard(Scores, options.Thresholds, options.CuttingOff, context.Logger);
        Outbox = new Outbox(options.Trace, Guard);
        PeerChoice choice = new(context.Random);

        Authors = new Authors(time);
        Seen = new SeenCache(options.Limits.MaxSeen, options.Gossip.SeenLifetime, time) { Forgotten = Authors.Forget };
        Cache = new MessageCache(options.Gossip.HistoryLength, options.Gossip.HistoryGossip, options.Limits.MaxCacheBytes);
        Promises = new Promises(options.Gossip.FollowUp, time);

        MeshLinks links = new(Scores, time);
        Pruning pruning = new(options, Guard, Outbox, choice, time);
        Membership = new MeshMembership(options, links, pruning, Guard, Outbox, choice, time);
        Links = links;
        Subscriptions = new PeerSubscriptions(options.Limits, Topics, Membership, Guard, options.Trace);
        Recipients = new Recipients(options, Guard, choice, time);
        GossipExchange exchange = new(options, Topics, Seen, InFlight, Cache, Promises, Guard, Outbox, choice);

        ValidatorSlots slots = new(options.Limits.MaxValidationsPerPeer, options.Limits.MaxValidations, lane => Pool!.Resume(lane));
        MessagePipeline? pipeline = null;
        Pool = new VerificationPool(Environment.ProcessorCount, (lane, batch) => pipeline!.Commit(lane, batch), context.Fail);
        MessageIntake intake = new(options, context.Self, Topics, Seen, InFlight, Authors, Promises, Deliveries, Guard, Pool);
        MessageVerdicts verdicts = new(
            Local, Seen, InFlight, Authors, Promises, Cache, Deliveries, exchange, Recipients, intake, Guard, Outbox);
        pipeline = new MessagePipeline(gate, verdicts, Outbox, Local, slots, context.Logger, context.Fail, context.Stopping);

        PeerExchange peerExchange = new(options, Guard, peer => peer == context.Self || Peers.Find(peer) is not null, context.Connect);
        Processor = new RpcProcessor(
            Topics, Subscriptions, intake, Membership, peerExchange, exchange, Guard, Outbox, options.Trace);
        MeshUpkeep upkeep = new(options.Mesh, Membership, links, pruning, Guard, choice);
        GossipEmitter emitter = new(options, Cache, Guard, Outbox, choice);
        Heartbeat = new Heartbeat(
            options, Peers, Topics, upkeep, Recipients, emitter, Promises, Cache, Seen, Authors, Scores, Deliveries, Guard, Outbox, choice, time);
    }

    internal LocalTopics Local { get; } = new();

    internal TopicTable Topics { get; } = new();

    internal PeerTable Peers { get; } = new();

    internal InFlightMessages InFlight { get; } = new();

    internal ScoreBoard Scores { get; }

    internal DeliveryScores Deliveries { get; }

    internal PeerGuard Guard { get; }

    internal Outbox Outbox { get; }

    internal Authors Authors { get; }

    internal SeenCache Seen { get; }

    internal MessageCache Cache { get; }

    internal Promises Promises { get; }

    internal MeshLinks Links { get; }

    internal MeshMembership Membership { get; }

    internal PeerSubscriptions Subscriptions { get; }

    internal Recipients Recipients { get; }

    internal VerificationPool Pool { get; }

    internal RpcProcessor Processor { get; }

    internal Heartbeat Heartbeat { get; }
}
