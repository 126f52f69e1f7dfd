using P2PMiner.P2P.PubSub.Routing;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// Reads a peer's RPCs from its stream to us. While as many of its messages await verification as may, or it is ahead of the rate of a
/// topic, nothing more is read, so that a flood waits at its source.
/// </summary>
internal sealed class PeerReader(GossipRouter router, GossipPeer peer, int maxRpcSize, TimeProvider time)
{
    private readonly RpcFrame _rpc = new();

    /// <summary>Runs until the stream ends or the peer breaks the protocol.</summary>
    /// <returns>What was wrong; null if the peer closed the stream.</returns>
    /// <exception cref="IOException">The stream was reset or its connection ended.</exception>
    internal async Task<string?> RunAsync(PeerStream stream, CancellationToken cancellation)
    {
        using FrameBuffer frames = new(maxRpcSize);
        while (true)
        {
            int count = await stream.ReadAsync(frames.Free, cancellation).ConfigureAwait(false);
            if (count == 0)
                return null;
            frames.Advance(count);
            FrameStatus status;
            while ((status = Process(frames)) == FrameStatus.Done)
            {
                await router.WhenRoom(peer).WaitAsync(cancellation).ConfigureAwait(false);
                if (peer.Pace.Pause is var pause && pause > TimeSpan.Zero)
                    await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
            }
            peer.SetPartial(frames.HasMore, time.Monotonic());
            if (status != FrameStatus.Incomplete)
                return router.OnBrokenFrame(peer, status);
        }
    }

    /// <returns>Done if there is more to process when there is room for it.</returns>
    private FrameStatus Process(FrameBuffer frames)
    {
        while (true)
        {
            FrameStatus status = frames.Take(out ReadOnlySpan<byte> rpc);
            if (status != FrameStatus.Done)
                return status;
            peer.SetPartial(false, default);
            if (RpcDecoder.Decode(rpc, _rpc) != RpcStatus.Done)
                return FrameStatus.BadContent;

            // A thread that has more to read leaves the verification to others, so that all processors take part.
            router.Receive(peer, rpc, _rpc, verifiesHere: !frames.HasMore);
            if (peer.IsCutOff)
                return FrameStatus.BadContent;
            if (peer.Lane.IsFull || peer.Pace.Pause > TimeSpan.Zero)
                return FrameStatus.Done;
        }
    }
}
