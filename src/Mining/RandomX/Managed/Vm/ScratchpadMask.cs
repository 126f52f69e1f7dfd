namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>Masks that turn a number into an address within a scratchpad level (specification, table 4.2.1).</summary>
internal static class ScratchpadMask
{
    public const uint L1 = Parameters.ScratchpadL1 - 8;
    public const uint L2 = Parameters.ScratchpadL2 - 8;
    public const uint L3 = Parameters.ScratchpadL3 - 8;

    /// <summary>Aligned to 64 bytes.</summary>
    public const uint L3Line = Parameters.ScratchpadL3 - 64;
}
