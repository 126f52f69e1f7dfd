namespace P2PMiner.P2P.Multiformats;

/// <summary>What came of reading a varint (github.com/multiformats/unsigned-varint).</summary>
public enum VarintStatus
{
    /// <summary>A value was read.</summary>
    Done,

    /// <summary>The input ends within the varint.</summary>
    Incomplete,

    /// <summary>Not canonical, or longer than nine bytes.</summary>
    Invalid,
}
