using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>Our stream to a peer while it is written to, and the one that is to take its place, if any.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a token source without a timer holds nothing to dispose of")]
internal sealed class OutboundStream(PeerStream stream)
{
    /// <summary>Attempts to replace one stream; after that it stays where it is.</summary>
    private const int MaxAttempts = 10;

    private static readonly Task<PeerStream?> None = Task.FromResult<PeerStream?>(null);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _left = new();
    private readonly TaskCompletionSource _endedByPeer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<PeerStream?> _successor = None;
    private int _attempts;

    internal PeerStream Stream { get; } = stream;

    /// <summary>Cancelled when writing is to go on with the successor.</summary>
    internal CancellationToken Left => _left.Token;

    /// <summary>Done when the peer has closed or reset its side.</summary>
    internal Task EndedByPeer => _endedByPeer.Task;

    /// <summary>Gives the stream to go on with, or null if there is none.</summary>
    internal Task<PeerStream?> Successor
    {
        get
        {
            lock (_lock)
                return _successor;
        }
    }

    /// <summary>Starts to open a successor, unless that is under way, done, or was tried often enough.</summary>
    internal void BeginSuccession(Func<Task<PeerStream?>> open)
    {
        lock (_lock)
        {
            if (_attempts == MaxAttempts || !_successor.IsCompleted || Left.IsCancellationRequested)
                return;
            _attempts++;
            _successor = Task.Run(open);
        }
    }

    /// <summary>No successor is opened from here on.</summary>
    /// <returns>The one that is there or on its way.</returns>
    internal Task<PeerStream?> EndAsync()
    {
        lock (_lock)
        {
            _attempts = MaxAttempts;
            return _successor;
        }
    }

    internal void Leave() => _left.Cancel();

    internal void SetEndedByPeer() => _endedByPeer.TrySetResult();
}
