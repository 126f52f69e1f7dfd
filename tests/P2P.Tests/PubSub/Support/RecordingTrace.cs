using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>Keeps what a service does, in order.</summary>
internal sealed class RecordingTrace : IPubSubTrace
{
    private readonly Lock _lock = new();
    private readonly List<Event> _events = [];

    public bool TracesRpcs { get; set; } = true;

    public IReadOnlyList<Event> Events
    {
        get
        {
            lock (_lock)
                return [.. _events];
        }
    }

    public IEnumerable<Event> Of(string kind) => Events.Where(entry => entry.Kind == kind);

    public IEnumerable<RpcContent> Sent(PeerId peer) => Of("out").Where(entry => entry.Peer.Equals(peer)).Select(entry => entry.Rpc!);

    public IEnumerable<RpcContent> Got(PeerId peer) => Of("in").Where(entry => entry.Peer.Equals(peer)).Select(entry => entry.Rpc!);

    public void Clear()
    {
        lock (_lock)
            _events.Clear();
    }

    public void RpcReceived(PeerId peer, RpcContent rpc) => Add(new("in", peer, Rpc: rpc));

    public void RpcSent(PeerId peer, RpcContent rpc, bool queued) => Add(new(queued ? "out" : "dropped", peer, Rpc: rpc));

    public void SubscriptionsChanged(PeerId peer, IReadOnlyList<SubscriptionChange> changes) => Add(new("subscription", peer, Changes: changes));

    public void Grafted(string topic, PeerId peer, Direction direction) => Add(new("graft", peer, topic, direction));

    public void Pruned(string topic, PeerId peer, Direction direction) => Add(new("prune", peer, topic, direction));

    private void Add(Event entry)
    {
        lock (_lock)
            _events.Add(entry);
    }

    internal sealed record Event(
        string Kind,
        PeerId Peer,
        string? Topic = null,
        Direction? Direction = null,
        RpcContent? Rpc = null,
        IReadOnlyList<SubscriptionChange>? Changes = null);
}
