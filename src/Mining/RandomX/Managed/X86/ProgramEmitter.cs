using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Writes the machine code of one program's instructions (specification, chapter 5), word by word.</summary>
/// <param name="templates">Of the algorithm's version.</param>
internal unsafe struct ProgramEmitter(PackedTemplates templates)
{
    private const int JumpLength = 6;

    // The code behind the last modification of each register: there a branch on it goes (specification, chapter 5.4.2).
    private fixed long _modified[InstructionPlan.NoRegister + 1];

    // Where rounding modes go, counted from the beginning.
    private fixed ushort _modes[Parameters.MaxProgramLength + 1];
    private int _modeCount;
    private byte* _begin;
    private bool _isRoundingChanged;

    /// <summary>Whether the program has an instruction that changes the rounding mode.</summary>
    public readonly bool IsRoundingChanged => _isRoundingChanged;

    /// <summary>Begins a program whose code goes to <paramref name="position"/>.</summary>
    /// <param name="words">Its instructions, for <see cref="Write"/>.</param>
    /// <param name="position">Where.</param>
    public void Begin(ReadOnlySpan<ulong> words, byte* position)
    {
        Fetch(words);
        SetAllModified(position);
        _begin = position;
        (_modeCount, _isRoundingChanged) = (0, false);
    }

    /// <summary>Makes the code of the program, which rounds to nearest, round otherwise.</summary>
    /// <param name="mode">fprc.</param>
    public readonly void SetMode(uint mode)
    {
        for (int i = 0; i < _modeCount; i++)
            _begin[_modes[i]] |= (byte)(mode << FloatWriter.ModeShift);
    }

    /// <summary>Copies the code of the program for the other three rounding modes.</summary>
    /// <param name="end">Of that code.</param>
    /// <param name="copies">Where the first copy goes, aligned to 64 bytes; as many behind a copy as a vector has are written to, too.</param>
    /// <param name="distance">From one copy to the next, in bytes, a multiple of 64.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void CopyForOtherModes(byte* end, byte* copies, nint distance)
    {
        for (byte* from = _begin, to = copies; from < end; from += Vector512<byte>.Count, to += Vector512<byte>.Count)
        {
            Vector512<byte> code = Vector512.Load(from);
            code.Store(to);
            code.Store(to + distance);
            code.Store(to + 2 * distance);
        }
        for (int i = 0; i < _modeCount; i++)
        {
            byte* mode = copies + _modes[i];
            byte toNearest = _begin[_modes[i]];
            mode[0] = (byte)(toNearest | 1 << FloatWriter.ModeShift);
            mode[distance] = (byte)(toNearest | 2 << FloatWriter.ModeShift);
            mode[2 * distance] = (byte)(toNearest | 3 << FloatWriter.ModeShift);
        }
    }

    /// <summary>Writes instructions.</summary>
    /// <param name="words">Of a program, behind those written before.</param>
    /// <param name="position">Where; <see cref="PackedTemplates.CodeSize"/> bytes behind the code are written to, too.</param>
    /// <returns>The end of the code.</returns>
    // No instruction is like the one before it, so every decision would be guessed wrongly half the time: there is one only.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* Write(ReadOnlySpan<ulong> words, byte* position)
    {
        byte* codes = templates.Codes;
        InstructionPlan* plans = templates.Plans;
        uint* masks = templates.Masks;
        uint* immediateMasks = templates.ImmediateMasks;
        foreach (ulong word in words)
        {
            uint index = templates.IndexOf(word);
            InstructionPlan plan = plans[index];
            Vector256.Load(codes + index * PackedTemplates.CodeSize).Store(position);
            *(uint*)(position + plan.ImmediateOffset) = (uint)(word >> 32) & immediateMasks[plan.MaskRow];
            *(uint*)(position + plan.MaskOffset) = masks[(uint)plan.MaskRow << 8 | (byte)(word >> 24)];
            if (plan.Rest != InstructionRest.None)
            {
                position = WriteRest(new Instruction(word), plan, codes + index * PackedTemplates.CodeSize, position);
                continue;
            }
            _modes[_modeCount] = (ushort)(position + plan.ModeOffset - _begin);
            _modeCount += plan.ModeOffset != 0 ? 1 : 0;
            position += plan.Length;
            _modified[plan.Modified] = (long)position;
            _modified[plan.AlsoModified] = (long)position;
        }
        return position;
    }

    // The templates have left the caches while the program before ran: so all of them are on their way before the first is used.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Fetch(ReadOnlySpan<ulong> words)
    {
        byte* codes = templates.Codes;
        InstructionPlan* plans = templates.Plans;
        foreach (ulong word in words)
        {
            uint index = templates.IndexOf(word);
            Sse.Prefetch0(codes + index * PackedTemplates.CodeSize);
            Sse.Prefetch0(plans + index);
        }
    }

    private byte* WriteRest(Instruction instruction, InstructionPlan plan, byte* code, byte* position)
    {
        Vector256.Load(code).Store(position);
        switch (plan.Rest)
        {
            case InstructionRest.Branch:
                return WriteBranch(instruction, plan, position);
            case InstructionRest.Reciprocal:
                if (!Reciprocal.IsDefined(instruction.Immediate))
                    return position;
                Unsafe.WriteUnaligned(position + plan.ImmediateOffset, Reciprocal.Of(instruction.Immediate));
                _modified[plan.Modified] = (long)(position + plan.Length);
                break;
            default:
                position[plan.ImmediateOffset] = (byte)(instruction.Immediate & 63);
                // What comes next, for the code of another mode. Where that is not needed it goes behind the code.
                Unsafe.WriteUnaligned(position + plan.MaskOffset, (int)(position + plan.Length - _begin));
                _isRoundingChanged = true;
                break;
        }
        return position + plan.Length;
    }

    private byte* WriteBranch(Instruction instruction, InstructionPlan plan, byte* position)
    {
        Unsafe.WriteUnaligned(position + plan.ImmediateOffset, instruction.BranchImmediate);
        Unsafe.WriteUnaligned(position + plan.MaskOffset, instruction.BranchMask);
        position += plan.Length;
        int distance = (int)(_modified[plan.Modified] - (long)(position + JumpLength));
        position[0] = 0x0F;
        position[1] = 0x84;
        Unsafe.WriteUnaligned(position + 2, distance);
        position += JumpLength;
        SetAllModified(position);
        return position;
    }

    private void SetAllModified(byte* position)
    {
        for (int register = 0; register < InstructionPlan.NoRegister; register++)
            _modified[register] = (long)position;
    }
}
