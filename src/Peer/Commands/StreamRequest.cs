namespace P2PMiner.Peer.Commands;

/// <summary>What <c>openStream</c> is asked to do, checked before anything is done.</summary>
internal sealed class StreamRequest(Arguments arguments)
{
    public IReadOnlyList<string> Protocols { get; } = arguments.Texts("protocol");

    /// <summary>Bytes to send; null if they are to be random.</summary>
    public byte[]? Data { get; } = arguments.Has("send") ? arguments.Bytes("send") : null;

    /// <summary>How many random bytes to send.</summary>
    public long RandomBytes { get; } = arguments.Number("sendRandom", 0);

    /// <summary>Close our side after sending.</summary>
    public bool HalfCloses { get; } = arguments.Flag("halfClose", true);

    /// <summary>Instead reset the stream after sending.</summary>
    public bool Resets { get; } = arguments.Flag("reset", false);

    /// <summary>Stop reading after so many bytes.</summary>
    public long MaxBytes { get; } = arguments.Number("maxBytes", long.MaxValue);

    /// <summary>Stop reading after so long; null for no limit.</summary>
    public TimeSpan? ReadTime { get; } = arguments.Has("readMs") ? arguments.Duration("readMs") : null;
}
