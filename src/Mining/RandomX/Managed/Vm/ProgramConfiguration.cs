namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>What the first 128 bytes of a program say (specification, chapter 4.5).</summary>
internal readonly struct ProgramConfiguration
{
    /// <summary>Bytes of configuration data.</summary>
    public const int Size = 128;

    private readonly int _addressRegisters;

    private ProgramConfiguration(ReadOnlySpan<ulong> words)
    {
        Ma = (uint)words[8] & ~63u;
        Mx = (uint)words[10];
        _addressRegisters = (int)words[12] & 15;
        DatasetOffset = words[13] % (Parameters.DatasetExtraItems + 1) * Parameters.ItemSize;
        LowExponentMask = ExponentMask(words[14]);
        HighExponentMask = ExponentMask(words[15]);
    }

    public uint Ma { get; }

    public uint Mx { get; }

    /// <summary>In bytes.</summary>
    public ulong DatasetOffset { get; }

    /// <summary>What is set in the low halves of group E registers (chapter 4.5.6).</summary>
    public ulong LowExponentMask { get; }

    /// <summary>What is set in the high halves of group E registers.</summary>
    public ulong HighExponentMask { get; }

    /// <summary>readReg<paramref name="index"/> (table 4.5.3).</summary>
    public int ReadRegister(int index) => 2 * index + (_addressRegisters >> index & 1);

    /// <summary>Reads the 16 quadwords, and sets the registers of group A.</summary>
    public static unsafe ProgramConfiguration Read(ReadOnlySpan<ulong> words, ref RegisterFile registers)
    {
        for (int i = 0; i < 8; i++)
            registers.A[i] = BitConverter.UInt64BitsToDouble((words[i] >> 59) + 1023 << 52 | words[i] & (1ul << 52) - 1);
        return new ProgramConfiguration(words);
    }

    // Bits 0-2 of the exponent are 011, bits 3-6 come from the program; bits 0-21 of the fraction too.
    private static ulong ExponentMask(ulong word) => (0x300 | word >> 60 << 4) << 52 | word & (1ul << 22) - 1;
}
