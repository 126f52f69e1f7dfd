namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>Turns a program buffer into <see cref="MicroInstruction"/>s, and finds the targets of its branches (specification, chapter 5).</summary>
internal static class ProgramDecoder
{
    /// <param name="words">The instruction words.</param>
    /// <param name="program">As many instructions.</param>
    public static void Decode(ReadOnlySpan<ulong> words, Span<MicroInstruction> program)
    {
        Span<short> afterModification = stackalloc short[8];
        afterModification.Clear();
        for (int i = 0; i < words.Length; i++)
        {
            program[i] = Decode(new Instruction(words[i]), afterModification);
            Modify(program[i], afterModification, (short)(i + 1));
        }
    }

    private static MicroInstruction Decode(Instruction instruction, ReadOnlySpan<short> afterModification)
    {
        MicroInstruction micro = new()
        {
            Type = instruction.Type,
            Destination = (byte)instruction.Destination,
            Source = (byte)instruction.Source,
            Immediate = instruction.SignedImmediate,
        };
        bool isSame = instruction.Source == instruction.Destination;
        switch (instruction.Type)
        {
            case InstructionType.IAddRs:
                micro.Shift = (byte)instruction.Shift;
                // Only r5 takes the constant: x86's lea cannot do without it there.
                if (instruction.Destination != 5)
                    micro.Immediate = 0;
                break;
            case InstructionType.ISubR or InstructionType.IMulR or InstructionType.IXorR or InstructionType.IRorR or InstructionType.IRolR:
                micro.HasNoSource = isSame;
                break;
            case InstructionType.IAddM or InstructionType.ISubM or InstructionType.IMulM or InstructionType.IMulhM
                or InstructionType.ISMulhM or InstructionType.IXorM:
                micro.HasNoSource = isSame;
                micro.Mask = instruction.ReadMask(sameIsL3: true);
                break;
            case InstructionType.IMulRcp:
                if (Reciprocal.IsDefined(instruction.Immediate))
                    micro.Immediate = Reciprocal.Of(instruction.Immediate);
                else
                    micro.Type = null;
                break;
            case InstructionType.ISwapR:
                if (isSame)
                    micro.Type = null;
                break;
            case InstructionType.FAddM or InstructionType.FSubM or InstructionType.FDivM:
                micro.Destination &= 3;
                micro.Mask = instruction.ReadMask(sameIsL3: false);
                break;
            case InstructionType.FAddR or InstructionType.FSubR or InstructionType.FMulR or InstructionType.FScalR or InstructionType.FSqrtR:
                micro.Destination &= 3;
                micro.Source &= 3;
                break;
            case InstructionType.CBranch:
                micro.Immediate = (ulong)(int)instruction.BranchImmediate;
                micro.Mask = instruction.BranchMask;
                micro.Target = afterModification[instruction.Destination];
                break;
            case InstructionType.IStore:
                micro.Mask = instruction.WriteMask;
                break;
        }
        return micro;
    }

    private static void Modify(MicroInstruction micro, Span<short> afterModification, short next)
    {
        switch (micro.Type)
        {
            case null or >= InstructionType.FSwapR and not InstructionType.CBranch:
                break;
            case InstructionType.CBranch:
                afterModification.Fill(next);
                break;
            case InstructionType.ISwapR:
                afterModification[micro.Source] = next;
                goto default;
            default:
                afterModification[micro.Destination] = next;
                break;
        }
    }
}
