using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>A stream on which a dataset is sent, and how fast its reader is. Thread-safe.</summary>
/// <param name="stream">To the reader.</param>
/// <param name="time">Measures.</param>
internal sealed class UploadSlot(PeerStream stream, TimeProvider time)
{
    /// <summary>The weight of the last chunk.</summary>
    private const double Newest = 0.5;

    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private double? _average;
    private double _spent;
    private long? _since;

    public PeerId Peer { get; } = stream.Connection.RemotePeer;

    /// <summary>Since it was given.</summary>
    public TimeSpan Age => time.GetElapsedTime(_start);

    /// <summary>Seconds that the reader takes for a chunk: the moving average, or what it has taken for the one that is due, if that is more.</summary>
    public double SecondsPerChunk
    {
        get
        {
            lock (_lock)
                return Math.Max(_average ?? 0, Spent);
        }
    }

    private double Spent => _spent + (_since is long since ? time.GetElapsedTime(since).TotalSeconds : 0);

    /// <summary>From now on it is the reader who takes his time: to ask for chunks, or to take one.</summary>
    public void AwaitReader()
    {
        lock (_lock)
            _since ??= time.GetTimestamp();
    }

    /// <summary>From now on it is not he who is waited for.</summary>
    public void Pause()
    {
        lock (_lock)
            (_spent, _since) = (Spent, null);
    }

    /// <summary>He has taken a chunk.</summary>
    public void Take()
    {
        lock (_lock)
        {
            _average = _average is double before ? Newest * Spent + (1 - Newest) * before : Spent;
            (_spent, _since) = (0, null);
        }
    }

    /// <summary>Breaks the stream off.</summary>
    public void End() => stream.Reset();
}
