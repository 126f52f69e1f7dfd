namespace P2PMiner.P2P.Yamux;

/// <summary>Takes the frames that a <see cref="YamuxFrameReader"/> cuts out; called by its loop alone. Each member may throw <see cref="YamuxException"/>.</summary>
internal interface IFrameSink
{
    /// <summary>A frame without body.</summary>
    void OnControl(FrameHeader header);

    /// <summary>A data frame begins.</summary>
    /// <returns>Where its body goes, or null if it is to be skipped.</returns>
    YamuxStream? OnData(FrameHeader header);

    /// <summary>A part of the body.</summary>
    void OnBody(YamuxStream stream, ReadOnlySpan<byte> part);

    /// <summary>The body is complete.</summary>
    void OnBodyEnd(YamuxStream stream, FrameFlags flags);

    /// <summary>All that was read has been handed over.</summary>
    /// <returns>How long to wait before more is read.</returns>
    TimeSpan OnReadEnd();
}
