namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>An instruction with everything decided that does not depend on registers.</summary>
internal struct MicroInstruction
{
    /// <summary>Null for one that does nothing.</summary>
    public InstructionType? Type;

    /// <summary>Index in r, or of the register in f, e (FSWAP_R: 4 to 7 are e0 to e3).</summary>
    public byte Destination;

    public byte Source;

    /// <summary>mod.shift.</summary>
    public byte Shift;

    /// <summary>The operand is <see cref="Immediate"/> and not the source register; of an address, there is no source register.</summary>
    public bool HasNoSource;

    /// <summary>For CBRANCH, the index of the first instruction to be repeated.</summary>
    public short Target;

    /// <summary>Mask of the address, or for CBRANCH of the condition.</summary>
    public uint Mask;

    public ulong Immediate;
}
