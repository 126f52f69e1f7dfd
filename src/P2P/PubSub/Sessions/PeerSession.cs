using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>The two streams with one peer: each side writes to the one it opened and reads from the other. Belongs to the lock of <see cref="SessionTable"/>.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a token source without a timer holds nothing to dispose of")]
internal sealed class PeerSession(GossipPeer peer, TimeSpan began)
{
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal GossipPeer Peer { get; } = peer;

    /// <summary>The connection of our stream, or where it is to be opened.</summary>
    internal IPeerConnection Connection => Peer.Connection;

    internal TimeSpan Began { get; } = began;

    /// <summary>The stream that the peer opened; a newer one takes its place.</summary>
    internal InboundStream? Inbound { get; set; }

    /// <summary>Our stream while it is written to.</summary>
    internal OutboundStream? Outbound { get; set; }

    /// <summary>True if our stream was last seen on the preferred connection, and no connection came or went since.</summary>
    internal bool IsSettled { get; set; }

    /// <summary>True from when our stream is being opened.</summary>
    internal bool HasOutbound { get; set; }

    internal bool IsEnded { get; set; }

    /// <summary>Cancelled when the session ends.</summary>
    internal CancellationToken Ended => _ended.Token;

    /// <summary>Completes when nothing more will be written.</summary>
    internal Task Written => HasOutbound ? _written.Task : Task.CompletedTask;

    internal void Cancel() => _ended.Cancel();

    internal void SetWritten() => _written.TrySetResult();
}
