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

/// <summary>How the template of an instruction is filled in.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct InstructionPlan
{
    /// <summary>Stands for a register where none is modified.</summary>
    public const int NoRegister = 8;

    /// <summary>An instruction without code.</summary>
    public static readonly InstructionPlan Nothing = new() { Modified = NoRegister, AlsoModified = NoRegister };

    /// <summary>Of the code, in bytes.</summary>
    public byte Length;

    /// <summary>Where the constant goes.</summary>
    public byte ImmediateOffset;

    /// <summary>Where the mask goes.</summary>
    public byte MaskOffset;

    /// <summary>Which row of masks.</summary>
    public byte MaskRow;

    /// <summary>The register after whose modification a branch can begin again.</summary>
    public byte Modified;

    /// <summary>Another one.</summary>
    public byte AlsoModified;

    public InstructionRest Rest;

    /// <summary>Where the rounding mode goes; 0 where there is none.</summary>
    public byte ModeOffset;
}
