using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Is told what goes on, in the order in which it happens: an RPC that comes in before all that it causes. The methods are called
/// with the router's lock held, so they must return at once, must not throw, and must not call the service.
/// </summary>
public interface IPubSubTrace
{
    /// <summary>False leaves out <see cref="RpcReceived"/> and <see cref="RpcSent"/>, for which every RPC is taken apart once more.</summary>
    bool TracesRpcs { get; }

    /// <summary>A well-formed RPC came in, even if it is ignored because its sender is graylisted.</summary>
    void RpcReceived(PeerId peer, RpcContent rpc);

    /// <param name="peer">To whom it goes.</param>
    /// <param name="rpc">What it holds.</param>
    /// <param name="queued">False if the peer's queue is full and the RPC is dropped.</param>
    void RpcSent(PeerId peer, RpcContent rpc, bool queued);

    /// <summary>A peer announced changes.</summary>
    void SubscriptionsChanged(PeerId peer, IReadOnlyList<SubscriptionChange> changes);

    /// <summary>Inbound: a GRAFT was accepted. Outbound: one was sent.</summary>
    void Grafted(string topic, PeerId peer, Direction direction);

    /// <summary>Inbound: a PRUNE was received. Outbound: one was sent.</summary>
    void Pruned(string topic, PeerId peer, Direction direction);
}
