namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>What is at the front of a <see cref="FrameBuffer"/>.</summary>
internal enum FrameStatus
{
    /// <summary>A whole frame.</summary>
    Done,

    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>The length is not a canonical varint.</summary>
    BadLength,

    /// <summary>The length is beyond the limit.</summary>
    TooLong,

    /// <summary>What is in the frame is not an RPC, or too much.</summary>
    BadContent,
}
