using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What is not done alike for all instructions.</summary>
internal enum InstructionRest : byte
{
    None,

    /// <summary>CBRANCH: constants of its own, and a jump.</summary>
    Branch,

    /// <summary>IMUL_RCP: a constant of 64 bits.</summary>
    Reciprocal,

    /// <summary>CFROUND: a constant of 8 bits.</summary>
    Rounding,
}

/// <summary>How the template of an instruction is filled in; zeros are that of one without code.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct InstructionPlan
{
    /// <summary>Of the code, in bytes.</summary>
    public byte Length;

    /// <summary>Where the constant goes.</summary>
    public byte ImmediateOffset;

    /// <summary>Where the mask goes.</summary>
    public byte MaskOffset;

    /// <summary>Which row of masks.</summary>
    public byte MaskRow;

    /// <summary>A bit for each integer register: a branch on it cannot go back beyond this instruction.</summary>
    public byte Modified;

    public InstructionRest Rest;

    /// <summary>Where the rounding mode goes; 0 where there is none.</summary>
    public byte ModeOffset;
}
