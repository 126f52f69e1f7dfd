using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Scoring;
using P2PMiner.P2P.PubSub.Validation;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>A peer that we have a pubsub stream with. Everything but the queue belongs to the router's lock.</summary>
internal sealed class GossipPeer(long number, IPeerConnection connection, PeerStats stats, PeerQueue queue, PeerWriter writer, ValidationLane lane, PeerPace pace)
{
    private const long NotPartial = -1;

    private long _partialSince = NotPartial;

    internal PeerId Id { get; } = connection.RemotePeer;

    /// <summary>Never given twice, so that what refers to a peer that has gone refers to no other.</summary>
    internal long Number { get; } = number;

    /// <summary>The one of our stream to it.</summary>
    internal IPeerConnection Connection { get; set; } = connection;

    /// <summary>True if we dialled it: such peers cannot be thrust upon us.</summary>
    internal bool IsOutbound => Connection.Direction == Direction.Outbound;

    internal bool IsDirect { get; init; }

    internal PeerStats Stats { get; } = stats;

    internal PeerQueue Queue { get; } = queue;

    /// <summary>Sends what is in the queue.</summary>
    internal PeerWriter Writer { get; } = writer;

    /// <summary>The envelope with its addresses, to be passed on; null if it gave none.</summary>
    internal byte[]? SignedRecord { get; set; }

    /// <summary>Its messages that await their verdict.</summary>
    internal ValidationLane Lane { get; } = lane;

    /// <summary>How fast its messages are read.</summary>
    internal PeerPace Pace { get; } = pace;

    internal ProtocolVersion Version { get; set; }

    /// <summary>The protocol id of our stream to it; null before there is one.</summary>
    internal string? Protocol { get; set; }

    internal bool HasInbound { get; set; }

    /// <summary>True if it does not serve what it speaks: it may send messages, but gets none.</summary>
    internal bool IsUnreachable { get; set; }

    /// <summary>How long the beginning of an RPC has been here without its rest.</summary>
    internal TimeSpan PartialFor(TimeSpan now) =>
        Interlocked.Read(ref _partialSince) is var since and not NotPartial ? now - new TimeSpan(since) : TimeSpan.Zero;

    /// <summary>Takes note that the beginning of an RPC came and its rest did not, or that this is over. Called by the reader, under no lock.</summary>
    internal void SetPartial(bool isPartial, TimeSpan now)
    {
        if (!isPartial)
            Interlocked.Exchange(ref _partialSince, NotPartial);
        else
            Interlocked.CompareExchange(ref _partialSince, now.Ticks, NotPartial);
    }

    internal bool CanSend => Version != ProtocolVersion.None;

    /// <summary>False as soon as it is removed: nothing may be added to any table for it any more.</summary>
    internal bool IsPresent { get; set; } = true;

    /// <summary>True when its connection is being ended: nothing of it is processed any more.</summary>
    internal bool IsCutOff { get; set; }

    /// <summary>Topics that it is subscribed to.</summary>
    internal HashSet<Topic> Topics { get; } = [];

    /// <summary>What the network was last told that it is worth to us.</summary>
    internal int Value { get; set; }

    /// <summary>Number of meshes that it is in.</summary>
    internal int Meshes { get; set; }

    internal PeerBudget Budget { get; } = new();

    /// <summary>Messages that it does not want.</summary>
    internal DeclinedMessages Declined { get; } = new();

    /// <summary>What is to be told to it when the current step is done.</summary>
    internal ControlBatch Pending { get; } = new();

    /// <summary>True while <see cref="Pending"/> holds something.</summary>
    internal bool IsPending { get; set; }
}
