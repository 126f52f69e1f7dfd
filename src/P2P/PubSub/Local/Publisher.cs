using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Routing;

namespace P2PMiner.P2P.PubSub.Local;

/// <summary>Makes and sends our own messages, one after the other, so that their sequence numbers leave in order.</summary>
internal sealed class Publisher(INetwork network, PubSubOptions options, GossipRouter router)
{
    private readonly Lock _lock = new();
    private readonly MessageSigner _signer =
        new(network.Key, network.LocalPeer, options.IdFunction, SequenceNumbers.At(network.Time));

    internal async ValueTask<IReadOnlyList<PeerId>> PublishAsync(string topic, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (data.Length > options.Limits.MaxDataSize)
            throw new ArgumentException($"a message has at most {options.Limits.MaxDataSize} bytes", nameof(data));
        List<GossipPeer> peers = Send(topic, data.Span);
        await WaitForRoomAsync(peers, cancellation).ConfigureAwait(false);
        PeerId[] reached = new PeerId[peers.Count];
        for (int i = 0; i < reached.Length; i++)
            reached[i] = peers[i].Id;
        return reached;
    }

    private List<GossipPeer> Send(string topic, ReadOnlySpan<byte> data)
    {
        byte[] key = Encoding.UTF8.GetBytes(topic);
        lock (_lock)
        {
            PubSubMetrics.Published.Add(1);
            GossipMessage message = options.Signatures == SignaturePolicy.Sign
                ? _signer.Sign(key, data)
                : BareMessages.Make(key, data, options.IdFunction);
            return router.Publish(topic, message);
        }
    }

    private async ValueTask WaitForRoomAsync(List<GossipPeer> peers, CancellationToken cancellation)
    {
        List<GossipPeer>? full = null;
        foreach (GossipPeer peer in peers)
        {
            if (!peer.Queue.WhenRoom().IsCompleted)
                (full ??= []).Add(peer);
        }
        if (full is null)
            return;
        try
        {
            await Task.WhenAll(full.Select(static peer => peer.Queue.WhenRoom()))
                .WaitAsync(options.Limits.PublishWait, network.Time, cancellation)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (GossipPeer peer in full)
                peer.Queue.SetStalled();
        }
    }
}
