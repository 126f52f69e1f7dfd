using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// All that one machine keeps while another one of the same thread runs. Generated code addresses it by rbx, which points
/// <see cref="Bias"/> bytes in, so that what is used most has short displacements. In an array the contexts lie on 64-byte lines.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Stride)]
internal unsafe struct LaneContext
{
    public const int Stride = 448;
    public const int Bias = 128;

    /// <summary>mx in the low half, ma in the high half, between two iterations.</summary>
    [FieldOffset(0)]
    public ulong MxMa;

    /// <summary>Address of the next scratchpad line for r, within the scratchpad.</summary>
    [FieldOffset(8)]
    public uint ScratchpadAddress0;

    /// <summary>Address of the next scratchpad line for f and e.</summary>
    [FieldOffset(12)]
    public uint ScratchpadAddress1;

    /// <summary>What group E registers get set, low and high half.</summary>
    [FieldOffset(16)]
    public fixed ulong ExponentMask[2];

    /// <summary>Where the code of the program's instructions begins for each rounding mode, with <see cref="RoundingKind.Embedded"/>.</summary>
    [FieldOffset(32)]
    public fixed ulong Bodies[4];

    /// <summary>The machine's rounding mode, fprc.</summary>
    [FieldOffset(64)]
    public uint Mode;

    [FieldOffset(72)]
    public byte* Scratchpad;

    /// <summary>The dataset, with the program's offset added.</summary>
    [FieldOffset(80)]
    public byte* Dataset;

    /// <summary>Scratchpad lines of the iteration under way, to be written at its end.</summary>
    [FieldOffset(88)]
    public byte* Line0;

    [FieldOffset(96)]
    public byte* Line1;

    /// <summary>readReg0, of machines without a dataset.</summary>
    [FieldOffset(108)]
    public byte AddressRegister0;

    /// <summary>readReg1.</summary>
    [FieldOffset(109)]
    public byte AddressRegister1;

    /// <summary>The dataset line that was asked for last, unless lines are prefetched at once. Always an address within the dataset.</summary>
    [FieldOffset(112)]
    public byte* PendingLine;

    /// <summary>The item of the iteration under way, of lanes that lie apart; null where the caller ends the iteration.</summary>
    [FieldOffset(120)]
    public byte* Item;

    [FieldOffset(Bias)]
    public RegisterFile Registers;

    /// <summary>Clears the sign and the exponent's upper bits of group E registers.</summary>
    [FieldOffset(Bias + RegisterFile.Size)]
    public fixed ulong MantissaMask[2];

    /// <summary>What FSCAL_R XORs.</summary>
    [FieldOffset(Bias + RegisterFile.Size + 16)]
    public fixed ulong ScaleMask[2];

    /// <summary>MXCSR for each rounding mode.</summary>
    [FieldOffset(Bias + RegisterFile.Size + 32)]
    public fixed uint Mxcsrs[4];

    /// <summary>Makes a machine of memory, before its first program.</summary>
    /// <param name="context">Of any content.</param>
    /// <param name="scratchpad">The machine's.</param>
    public static void Initialize(LaneContext* context, byte* scratchpad)
    {
        *context = default;
        context->Scratchpad = scratchpad;
        for (uint mode = 0; mode < 4; mode++)
            context->Mxcsrs[mode] = InstructionTemplates.DefaultMxcsr | mode << InstructionTemplates.RoundingShift;
        for (int half = 0; half < 2; half++)
        {
            context->MantissaMask[half] = (1ul << 56) - 1;
            context->ScaleMask[half] = 0x80F0000000000000;
        }
    }

    /// <summary>What a machine does before it runs a program (specification, chapters 4.5 and 4.6.1).</summary>
    /// <param name="words">The program's configuration, 16 quadwords.</param>
    /// <param name="dataset">What the program's dataset offset is added to.</param>
    /// <returns>The configuration.</returns>
    public ProgramConfiguration BeginProgram(ReadOnlySpan<ulong> words, byte* dataset)
    {
        ProgramConfiguration configuration = ProgramConfiguration.Read(words, ref Registers);
        fixed (ulong* r = Registers.R)
            new Span<ulong>(r, 8).Clear();
        MxMa = configuration.Mx | (ulong)configuration.Ma << 32;
        ScratchpadAddress0 = configuration.Mx & ScratchpadMask.L3Line;
        ScratchpadAddress1 = configuration.Ma & ScratchpadMask.L3Line;
        ExponentMask[0] = configuration.LowExponentMask;
        ExponentMask[1] = configuration.HighExponentMask;
        Dataset = dataset + configuration.DatasetOffset;
        PendingLine = Dataset + (configuration.Ma & LaneSettings.AllLines);
        AddressRegister0 = (byte)configuration.ReadRegister(0);
        AddressRegister1 = (byte)configuration.ReadRegister(1);
        return configuration;
    }
}
