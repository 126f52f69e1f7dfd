using System.Globalization;

namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>Instructions as text, with the names of the specification's chapter 5.</summary>
internal static class InstructionText
{
    private static readonly string[] Names =
    [
        "IADD_RS", "IADD_M", "ISUB_R", "ISUB_M", "IMUL_R", "IMUL_M", "IMULH_R", "IMULH_M", "ISMULH_R", "ISMULH_M", "IMUL_RCP", "INEG_R",
        "IXOR_R", "IXOR_M", "IROR_R", "IROL_R", "ISWAP_R", "FSWAP_R", "FADD_R", "FADD_M", "FSUB_R", "FSUB_M", "FSCAL_R", "FMUL_R", "FDIV_M",
        "FSQRT_R", "CBRANCH", "CFROUND", "ISTORE",
    ];

    /// <param name="word">The instruction as it stands in the program buffer.</param>
    /// <param name="decoded">The same one, decoded: masks, and the target of a branch.</param>
    public static string Of(ulong word, in MicroInstruction decoded)
    {
        Instruction instruction = new(word);
        string text = $"{Names[(int)instruction.Type]} {Operands(instruction, decoded)}";
        return decoded.Type is null ? text + " (does nothing)" : text;
    }

    private static string Operands(Instruction instruction, in MicroInstruction decoded)
    {
        int d = instruction.Destination;
        int s = instruction.Source;
        switch (instruction.Type)
        {
            case InstructionType.IAddRs:
                return $"r{d}, r{s}, shift {instruction.Shift}" + (d == 5 ? $", {Signed(instruction)}" : "");
            case InstructionType.ISubR or InstructionType.IMulR or InstructionType.IXorR:
                return s == d ? $"r{d}, {Signed(instruction)}" : $"r{d}, r{s}";
            case InstructionType.IRorR or InstructionType.IRolR:
                return s == d ? $"r{d}, {instruction.Immediate & 63}" : $"r{d}, r{s}";
            case InstructionType.IMulhR or InstructionType.ISMulhR or InstructionType.ISwapR:
                return $"r{d}, r{s}";
            case InstructionType.IMulRcp:
                return $"r{d}, {instruction.Immediate}";
            case InstructionType.INegR:
                return $"r{d}";
            case InstructionType.CBranch:
                return $"r{d}, {Signed(instruction)}, cond {instruction.Condition}, to {decoded.Target}";
            case InstructionType.CFRound:
                return $"r{s}, {instruction.Immediate & 63}";
            case InstructionType.IStore:
                return $"{Memory(instruction, decoded, d)}, r{s}";
            case InstructionType.FSwapR:
                return d < 4 ? $"f{d}" : $"e{d - 4}";
            case InstructionType.FScalR or InstructionType.FSqrtR:
                return Float(instruction);
            case InstructionType.FAddR or InstructionType.FSubR or InstructionType.FMulR:
                return $"{Float(instruction)}, a{s & 3}";
            case InstructionType.FAddM or InstructionType.FSubM or InstructionType.FDivM:
                return $"{Float(instruction)}, {Memory(instruction, decoded, s)}";
            default:
                return $"r{d}, {Memory(instruction, decoded, s)}";
        }
    }

    private static string Float(Instruction instruction) =>
        (instruction.Type is InstructionType.FMulR or InstructionType.FDivM or InstructionType.FSqrtR ? "e" : "f") + (instruction.Destination & 3);

    private static string Memory(Instruction instruction, in MicroInstruction decoded, int register)
    {
        string level = decoded.Mask switch
        {
            ScratchpadMask.L1 => "L1",
            ScratchpadMask.L2 => "L2",
            _ => "L3",
        };
        return decoded.HasNoSource ? $"{level}[{instruction.Immediate & decoded.Mask}]" : $"{level}[r{register} {Offset(instruction)}]";
    }

    private static string Offset(Instruction instruction)
    {
        long value = (int)instruction.Immediate;
        return value < 0 ? $"- {-value}" : $"+ {value}";
    }

    private static string Signed(Instruction instruction) => ((int)instruction.Immediate).ToString(CultureInfo.InvariantCulture);
}
