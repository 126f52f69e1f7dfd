using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>Why a stream no longer works; every call that finds it throws an exception of its own.</summary>
/// <param name="Message">One line.</param>
/// <param name="Connection">Why the connection ended, or null if only the stream was reset.</param>
internal sealed record YamuxFailure(string Message, ConnectionClosedException? Connection = null)
{
    internal Exception ToException() =>
        Connection is null ? new StreamResetException(Message) : new ConnectionClosedException(Message, Connection);
}
