namespace P2PMiner.P2P.Network;

/// <summary>The streams of a connection whose protocol is agreed on. They are counted until they are disposed of or the connection ends.</summary>
internal sealed class OpenStreams
{
    private readonly Lock _lock = new();
    private readonly HashSet<ProtocolStream> _streams = [];
    private readonly Dictionary<(string Protocol, Direction Direction), int> _counts = [];
    private bool _ended;

    /// <summary>Counts one more, unless so many of its protocol and direction are open or the connection has ended.</summary>
    internal bool TryAdd(ProtocolStream stream, int limit)
    {
        lock (_lock)
        {
            int count = _counts.GetValueOrDefault((stream.Protocol, stream.Direction));
            if (_ended || count >= limit || !_streams.Add(stream))
                return false;
            _counts[(stream.Protocol, stream.Direction)] = count + 1;
            return true;
        }
    }

    /// <returns>False if it is not counted any more.</returns>
    internal bool Remove(ProtocolStream stream)
    {
        lock (_lock)
        {
            if (!_streams.Remove(stream))
                return false;
            int count = _counts[(stream.Protocol, stream.Direction)] - 1;
            if (count == 0)
                _counts.Remove((stream.Protocol, stream.Direction));
            else
                _counts[(stream.Protocol, stream.Direction)] = count;
            return true;
        }
    }

    /// <summary>Counts none from now on.</summary>
    /// <returns>Those that were counted.</returns>
    internal IReadOnlyCollection<ProtocolStream> End()
    {
        lock (_lock)
        {
            _ended = true;
            ProtocolStream[] streams = [.. _streams];
            _streams.Clear();
            _counts.Clear();
            return streams;
        }
    }
}
