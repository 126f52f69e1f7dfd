namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>An instruction word of a program buffer (specification, chapter 5.1).</summary>
/// <param name="word">Eight bytes: opcode, dst, src, mod, imm32.</param>
internal readonly struct Instruction(ulong word)
{
    /// <summary>ISTORE writes anywhere in the scratchpad from this mod.cond on (table 5.1.4).</summary>
    private const int StoreL3Condition = 14;

    public InstructionType Type => InstructionTable.Type((byte)word);

    /// <summary>Destination, 0 to 7; of a floating point group only the low two bits count.</summary>
    public int Destination => (int)(word >> 8) & 7;

    /// <summary>Source, 0 to 7; of a floating point group only the low two bits count.</summary>
    public int Source => (int)(word >> 16) & 7;

    /// <summary>mod.shift.</summary>
    public int Shift => (int)(word >> 26) & 3;

    /// <summary>mod.cond.</summary>
    public int Condition => (int)(word >> 28) & 15;

    /// <summary>imm32 as it stands.</summary>
    public uint Immediate => (uint)(word >> 32);

    /// <summary>imm32, sign-extended.</summary>
    public ulong SignedImmediate => (ulong)(int)Immediate;

    /// <summary>The mask of the scratchpad level that a read with this source and destination goes to; floating point reads never go to L3.</summary>
    public uint ReadMask(bool sameIsL3) => sameIsL3 && Source == Destination ? ScratchpadMask.L3 : LevelMask;

    /// <summary>The mask of the scratchpad level that ISTORE writes to.</summary>
    public uint WriteMask => Condition >= StoreL3Condition ? ScratchpadMask.L3 : LevelMask;

    /// <summary>What CBRANCH adds: one bit is set, so that the register reaches its condition in the end, and the one below it is not (chapter 5.4.2).</summary>
    public uint BranchImmediate => (Immediate | 1u << ConditionShift) & ~(1u << (ConditionShift - 1));

    /// <summary>The bits that CBRANCH jumps without.</summary>
    public uint BranchMask => ((1u << Parameters.JumpBits) - 1) << ConditionShift;

    private int ConditionShift => Condition + Parameters.JumpOffset;

    // mod.mem
    private uint LevelMask => (word >> 24 & 3) != 0 ? ScratchpadMask.L1 : ScratchpadMask.L2;
}
