using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>A stream that a peer opened, while it is read.</summary>
internal sealed class InboundStream(PeerStream stream)
{
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal PeerStream Stream { get; } = stream;

    /// <summary>Done when nothing more is read from it.</summary>
    internal Task Finished => _finished.Task;

    internal void SetFinished() => _finished.TrySetResult();
}
