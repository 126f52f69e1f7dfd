namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>Operations of superscalar programs (specification, table 6.1.1).</summary>
internal enum SuperscalarOpcode : byte
{
    /// <summary>No instruction.</summary>
    None,
    ISubR,
    IXorR,
    IAddRs,
    IMulR,
    IRorC,
    IAddC,
    IXorC,
    IMulhR,
    ISMulhR,
    IMulRcp,
}
