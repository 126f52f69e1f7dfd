namespace P2PMiner.P2P.Network;

/// <summary>Streams of a connection that are open, by protocol and direction.</summary>
internal sealed class StreamCounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Protocol, Direction Direction), int> _counts = [];

    /// <summary>Counts one more, unless <paramref name="limit"/> is reached.</summary>
    internal bool TryAdd(string protocol, Direction direction, int limit)
    {
        lock (_lock)
        {
            int count = _counts.GetValueOrDefault((protocol, direction));
            if (count >= limit)
                return false;
            _counts[(protocol, direction)] = count + 1;
            return true;
        }
    }

    internal void Remove(string protocol, Direction direction)
    {
        lock (_lock)
        {
            int count = _counts[(protocol, direction)] - 1;
            if (count == 0)
                _counts.Remove((protocol, direction));
            else
                _counts[(protocol, direction)] = count;
        }
    }
}
