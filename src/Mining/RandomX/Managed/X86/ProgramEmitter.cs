using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Writes the machine code of one program's instructions (specification, chapter 5), word by word.</summary>
/// <param name="templates">Of the algorithm's version.</param>
internal unsafe struct ProgramEmitter(PackedTemplates templates)
{
    // A bit for each integer register.
    private static readonly Vector128<ushort> Registers = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);

    private fixed ushort _templates[Parameters.MaxProgramLength];

    // The instructions that are not done alike: which ones, where they are, and where a branch on each register would go. All places are
    // counted from the beginning. Every instruction is noted, and the next one in its stead if it is done alike: so there is room for one more.
    private fixed ushort _rests[Parameters.MaxProgramLength + 1];
    private fixed ushort _restPlaces[Parameters.MaxProgramLength + 1];
    private fixed ushort _restTargets[(Parameters.MaxProgramLength + 1) * 8];

    // Where rounding modes go.
    private fixed ushort _modes[Parameters.MaxProgramLength + 1];

    // Behind the last modification of each register: there a branch on it goes (specification, chapter 5.4.2).
    private Vector128<ushort> _targets;
    private byte* _begin;
    private int _count;
    private int _restCount;
    private int _modeCount;
    private bool _isRoundingChanged;

    /// <summary>Whether the program, which was ended, has an instruction that changes the rounding mode.</summary>
    public readonly bool IsRoundingChanged => _isRoundingChanged;

    /// <summary>Begins a program whose code goes to <paramref name="position"/>.</summary>
    /// <param name="words">Its instructions, for <see cref="Write"/>.</param>
    /// <param name="position">Where.</param>
    public void Begin(ReadOnlySpan<ulong> words, byte* position)
    {
        Find(words);
        _begin = position;
        _targets = default;
        (_count, _restCount, _modeCount, _isRoundingChanged) = (0, 0, 0, false);
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

    /// <summary>Writes instructions, but for what <see cref="End"/> fills in.</summary>
    /// <param name="words">Of the program, behind those written before.</param>
    /// <param name="position">Where; <see cref="PackedTemplates.CodeSize"/> bytes behind the code are written to, too.</param>
    /// <returns>The end of the code.</returns>
    // No instruction is like the one before it, so every decision would be guessed wrongly half the time, and what lay in memory for each register
    // would be read before the processor knows where it was written: there is neither.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* Write(ReadOnlySpan<ulong> words, byte* position)
    {
        byte* codes = templates.Codes;
        InstructionPlan* plans = templates.Plans;
        uint* masks = templates.Masks;
        uint* immediateMasks = templates.ImmediateMasks;
        byte* begin = _begin;
        int place = (int)(position - begin);
        Vector128<ushort> targets = _targets;
        (int number, int restCount, int modeCount) = (_count, _restCount, _modeCount);
        foreach (ulong word in words)
        {
            uint index = _templates[number];
            InstructionPlan* plan = plans + index;
            byte* code = begin + place;
            Vector256.Load(codes + index * PackedTemplates.CodeSize).Store(code);
            uint row = plan->MaskRow;
            *(uint*)(code + plan->ImmediateOffset) = (uint)(word >> 32) & immediateMasks[row];
            *(uint*)(code + plan->MaskOffset) = masks[row << 8 | (byte)(word >> 24)];
            _modes[modeCount] = (ushort)(place + plan->ModeOffset);
            modeCount += plan->ModeOffset != 0 ? 1 : 0;
            _rests[restCount] = (ushort)number++;
            _restPlaces[restCount] = (ushort)place;
            targets.StoreUnsafe(ref _restTargets[restCount * 8]);
            restCount += plan->Rest != InstructionRest.None ? 1 : 0;
            place += plan->Length;
            Vector128<ushort> isModified = Vector128.Equals(Vector128.Create((ushort)plan->Modified) & Registers, Registers);
            targets = Vector128.ConditionalSelect(isModified, Vector128.Create((ushort)place), targets);
        }
        _targets = targets;
        (_count, _restCount, _modeCount) = (number, restCount, modeCount);
        return begin + place;
    }

    /// <summary>Ends the program.</summary>
    /// <param name="words">All of its instructions.</param>
    public void End(ReadOnlySpan<ulong> words)
    {
        for (int i = 0; i < _restCount; i++)
        {
            Instruction instruction = new(words[_rests[i]]);
            uint index = _templates[_rests[i]];
            InstructionPlan plan = templates.Plans[index];
            byte* code = _begin + _restPlaces[i];
            byte* end = code + plan.Length;
            switch (plan.Rest)
            {
                case InstructionRest.Branch:
                    Unsafe.WriteUnaligned(code + plan.ImmediateOffset, instruction.BranchImmediate);
                    Unsafe.WriteUnaligned(code + plan.MaskOffset, instruction.BranchMask);
                    Unsafe.WriteUnaligned(end - sizeof(int), (int)(_begin + _restTargets[i * 8 + instruction.Destination] - end));
                    break;
                case InstructionRest.Reciprocal:
                    Unsafe.WriteUnaligned(code + plan.ImmediateOffset, Reciprocal.Of(instruction.Immediate));
                    break;
                default:
                    // What is done for every instruction has written over 32 bits.
                    uint template = Unsafe.ReadUnaligned<uint>(templates.Codes + index * PackedTemplates.CodeSize + plan.ImmediateOffset);
                    Unsafe.WriteUnaligned(code + plan.ImmediateOffset, template & ~0xFFu | instruction.Immediate & 63);
                    // What comes next, for the code of another mode, where there is one.
                    if (plan.MaskOffset < plan.Length)
                        Unsafe.WriteUnaligned(code + plan.MaskOffset, (int)(end - _begin));
                    _isRoundingChanged = true;
                    break;
            }
        }
    }

    // The templates have left the caches while the program before ran: so all of them are on their way before the first is used.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Find(ReadOnlySpan<ulong> words)
    {
        byte* codes = templates.Codes;
        InstructionPlan* plans = templates.Plans;
        for (int i = 0; i < words.Length; i++)
        {
            uint index = templates.IndexOf(words[i]);
            _templates[i] = (ushort)index;
            Sse.Prefetch0(codes + index * PackedTemplates.CodeSize);
            Sse.Prefetch0(plans + index);
        }
    }
}
