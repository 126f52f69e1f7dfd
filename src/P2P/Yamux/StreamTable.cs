using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Yamux;

/// <summary>The open streams of a session, by id. Thread-safe.</summary>
/// <param name="dialer">True: ours are odd, the remote's even; false: the other way round.</param>
/// <param name="maxInbound">Streams that the remote may have open.</param>
/// <param name="maxOutbound">Streams that we may have open.</param>
internal sealed class StreamTable(bool dialer, int maxInbound, int maxOutbound)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private uint _nextId = dialer ? 1u : 2u;
    private int _inbound;
    private int _outbound;
    private bool _closed;

    /// <summary>What came of adding a stream that the remote opened.</summary>
    internal enum Added
    {
        Yes,
        Duplicate,
        Full,
        Closed,
    }

    internal int Count
    {
        get
        {
            lock (_lock)
                return _streams.Count;
        }
    }

    /// <summary>True if the remote may open streams of this id.</summary>
    internal bool IsInbound(uint id) => (id % 2 == 0) == dialer;

    internal bool TryFind(uint id, [NotNullWhen(true)] out YamuxStream? stream)
    {
        lock (_lock)
            return _streams.TryGetValue(id, out stream);
    }

    internal Added AddInbound(uint id, Func<uint, YamuxStream> create, out YamuxStream? stream)
    {
        stream = null;
        lock (_lock)
        {
            if (_closed)
                return Added.Closed;
            if (_streams.ContainsKey(id))
                return Added.Duplicate;
            if (_inbound >= maxInbound)
                return Added.Full;
            stream = create(id);
            _streams.Add(id, stream);
            _inbound++;
            return Added.Yes;
        }
    }

    /// <summary>Counts a stream that we are about to open, so that waiting ones keep to the limit too.</summary>
    /// <exception cref="IOException">Too many are open.</exception>
    internal void ReserveOutbound()
    {
        lock (_lock)
        {
            if (_outbound >= maxOutbound)
                throw new IOException($"{maxOutbound} streams are open on this connection");
            _outbound++;
        }
    }

    /// <summary>Takes back a reservation that came to nothing.</summary>
    internal void ReleaseOutbound()
    {
        lock (_lock)
            _outbound--;
    }

    /// <summary>Adds the stream of a reservation; null if the session is over or out of ids.</summary>
    internal YamuxStream? AddOutbound(Func<uint, YamuxStream> create)
    {
        lock (_lock)
        {
            if (_closed || _nextId > uint.MaxValue - 2)
                return null;
            YamuxStream stream = create(_nextId);
            _streams.Add(_nextId, stream);
            _nextId += 2;
            return stream;
        }
    }

    internal void Remove(YamuxStream stream)
    {
        lock (_lock)
        {
            if (!_streams.Remove(stream.Id))
                return;
            if (stream.Direction == Direction.Inbound)
                _inbound--;
            else
                _outbound--;
        }
    }

    /// <summary>Takes in no more streams, and returns those that are open.</summary>
    internal YamuxStream[] Close()
    {
        lock (_lock)
        {
            _closed = true;
            return [.. _streams.Values];
        }
    }
}
