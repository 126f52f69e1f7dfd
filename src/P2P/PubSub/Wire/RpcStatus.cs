namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>What came of decoding an RPC.</summary>
internal enum RpcStatus
{
    Done,

    /// <summary>Not protobuf of the expected shape.</summary>
    Malformed,

    /// <summary>More entries of a kind than <see cref="RpcLimits"/> allow.</summary>
    TooMany,
}
