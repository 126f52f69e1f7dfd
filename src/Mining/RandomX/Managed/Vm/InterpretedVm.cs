using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>
/// RandomX's virtual machine in plain C#, the reference of the other back ends: slow, and the same on every processor
/// (specification, chapters 2 and 4). For one thread at a time.
/// </summary>
internal sealed unsafe class InterpretedVm
{
    private readonly RandomXVersion _version;
    private readonly IItemSource _items;
    private readonly byte[] _scratchpad = GC.AllocateUninitializedArray<byte>(Parameters.ScratchpadL3, pinned: true);
    private readonly ulong[] _programBuffer;
    private readonly MicroInstruction[] _program;
    private RegisterFile _registers;

    public InterpretedVm(RandomXVersion version, IItemSource items)
    {
        _version = version;
        _items = items;
        int length = Parameters.ProgramLength(version);
        _program = new MicroInstruction[length];
        _programBuffer = new ulong[ProgramConfiguration.Size / 8 + length];
    }

    /// <summary>Told of every program before it runs: its configuration, its instruction words, and what they were decoded to. Null tells nobody.</summary>
    public Action<ProgramConfiguration, ReadOnlyMemory<ulong>, ReadOnlyMemory<MicroInstruction>>? Decoded { get; set; }

    /// <summary>The register fprc, as a program leaves it and the next one finds it.</summary>
    public RoundingMode Mode { get; set; }

    /// <summary>Computes the hash of <paramref name="input"/> (specification, chapter 2).</summary>
    /// <param name="input">Of any length.</param>
    /// <param name="hash">32 bytes.</param>
    public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        Span<byte> seed = stackalloc byte[64];
        Blake2b.Hash(input, seed);
        AesGenerator1R.Fill(seed, _scratchpad);
        Mode = RoundingMode.TiesToEven;
        Span<byte> registers = MemoryMarshal.AsBytes(new Span<RegisterFile>(ref _registers));
        for (int program = 0; program < Parameters.ProgramCount; program++)
        {
            if (program > 0)
                Blake2b.Hash(registers, seed);
            AesGenerator4R.Fill(seed, MemoryMarshal.AsBytes(_programBuffer.AsSpan()));
            Execute();
        }
        AesHash1R.Hash(_scratchpad, registers[192..]);
        Blake2b.Hash(registers, hash[..32]);
    }

    /// <summary>Runs one program by itself (specification, chapter 4.6), from <see cref="Mode"/> on.</summary>
    /// <param name="words">Its configuration and instructions.</param>
    /// <param name="scratchpad">2 MiB.</param>
    /// <param name="registers">As it leaves them; it finds none.</param>
    public void RunProgram(ReadOnlySpan<ulong> words, Span<byte> scratchpad, out RegisterFile registers)
    {
        words.CopyTo(_programBuffer);
        scratchpad.CopyTo(_scratchpad);
        Execute();
        _scratchpad.CopyTo(scratchpad);
        registers = _registers;
    }

    /// <summary>Runs instructions once, as an iteration does (specification, chapter 4.6.2, step 4), from <see cref="Mode"/> on.</summary>
    /// <param name="words">The instructions.</param>
    /// <param name="configuration">Of their program.</param>
    /// <param name="registers">Before and after.</param>
    /// <param name="scratchpad">2 MiB, or as much of it as they read and write.</param>
    public void RunOnce(ReadOnlySpan<ulong> words, in ProgramConfiguration configuration, ref RegisterFile registers, Span<byte> scratchpad)
    {
        MicroInstruction[] program = new MicroInstruction[words.Length];
        ProgramDecoder.Decode(words, program);
        fixed (RegisterFile* file = &registers)
        fixed (byte* memory = scratchpad)
            Run(program, file, configuration, memory);
    }

    // Specification, chapter 4.6.
    private void Execute()
    {
        const int ConfigurationWords = ProgramConfiguration.Size / 8;
        ProgramConfiguration configuration = ProgramConfiguration.Read(_programBuffer.AsSpan(0, ConfigurationWords), ref _registers);
        ProgramDecoder.Decode(_programBuffer.AsSpan(ConfigurationWords), _program);
        Decoded?.Invoke(configuration, _programBuffer.AsMemory(ConfigurationWords), _program);
        fixed (byte* scratchpad = _scratchpad)
        fixed (RegisterFile* registers = &_registers)
        {
            new Span<ulong>(registers->R, 8).Clear();
            uint ma = configuration.Ma;
            uint mx = configuration.Mx;
            uint address0 = mx;
            uint address1 = ma;
            for (int iteration = 0; iteration < Parameters.ProgramIterations; iteration++)
            {
                ulong mix = registers->R[configuration.ReadRegister(0)] ^ registers->R[configuration.ReadRegister(1)];
                byte* line0 = scratchpad + ((address0 ^ (uint)mix) & ScratchpadMask.L3Line);
                byte* line1 = scratchpad + ((address1 ^ (uint)(mix >> 32)) & ScratchpadMask.L3Line);
                Load(registers, configuration, line0, line1);
                Run(_program, registers, configuration, scratchpad);
                ReadDataset(registers, configuration, ref ma, ref mx);
                new Span<ulong>(registers->R, 8).CopyTo(new Span<ulong>(line1, 8));
                MixFloats(registers);
                new Span<double>(registers->F, 8).CopyTo(new Span<double>(line0, 8));
                address0 = 0;
                address1 = 0;
            }
        }
    }

    // Chapter 4.6.2, steps 2 and 3.
    private static void Load(RegisterFile* registers, in ProgramConfiguration configuration, byte* line0, byte* line1)
    {
        for (int i = 0; i < 8; i++)
            registers->R[i] ^= ((ulong*)line0)[i];
        for (int i = 0; i < 4; i++)
        {
            (registers->F[2 * i], registers->F[2 * i + 1]) = ReadPair(line1 + 8 * i);
            (registers->E[2 * i], registers->E[2 * i + 1]) = ReadGroupE(line1 + 32 + 8 * i, configuration);
        }
    }

    // Chapter 4.6.2, steps 5 to 8; version 2 changes the address that is used two iterations later.
    private void ReadDataset(RegisterFile* registers, in ProgramConfiguration configuration, ref uint ma, ref uint mx)
    {
        uint change = (uint)(registers->R[configuration.ReadRegister(2)] ^ registers->R[configuration.ReadRegister(3)]);
        ulong address = configuration.DatasetOffset + (ma & Parameters.DatasetBaseSize - Parameters.ItemSize);
        if (_version == RandomXVersion.V1)
            mx ^= change;
        else
            ma ^= change;
        _items.Xor((uint)(address / Parameters.ItemSize), new Span<ulong>(registers->R, 8));
        (ma, mx) = (mx, ma);
    }

    // Chapter 4.6.2, step 10; version 2 mixes by four AES rounds whose keys are the registers of group E.
    private void MixFloats(RegisterFile* registers)
    {
        Vector128<byte>* f = (Vector128<byte>*)registers->F;
        Vector128<byte>* e = (Vector128<byte>*)registers->E;
        for (int i = 0; i < 4; i++)
        {
            if (_version == RandomXVersion.V1)
            {
                f[i] ^= e[i];
                continue;
            }
            f[0] = AesRound.Encrypt(f[0], e[i]);
            f[1] = AesRound.Decrypt(f[1], e[i]);
            f[2] = AesRound.Encrypt(f[2], e[i]);
            f[3] = AesRound.Decrypt(f[3], e[i]);
        }
    }

    private void Run(ReadOnlySpan<MicroInstruction> program, RegisterFile* registers, in ProgramConfiguration configuration, byte* scratchpad)
    {
        ulong* r = registers->R;
        for (int i = 0; i < program.Length; i++)
        {
            ref readonly MicroInstruction instruction = ref program[i];
            switch (instruction.Type)
            {
                case null:
                    break;
                case InstructionType.CBranch:
                    r[instruction.Destination] += instruction.Immediate;
                    if ((r[instruction.Destination] & instruction.Mask) == 0)
                        i = instruction.Target - 1;
                    break;
                case InstructionType.CFRound:
                    ulong rotated = BitOperations.RotateRight(r[instruction.Source], (int)instruction.Immediate & 63);
                    if (_version == RandomXVersion.V1 || (rotated & 60) == 0)
                        Mode = (RoundingMode)(rotated & 3);
                    break;
                case InstructionType.IStore:
                    ulong address = r[instruction.Destination] + instruction.Immediate & instruction.Mask;
                    *(ulong*)(scratchpad + address) = r[instruction.Source];
                    break;
                case < InstructionType.FSwapR:
                    RunInteger(r, instruction, scratchpad);
                    break;
                default:
                    RunFloat(registers, configuration, instruction, scratchpad);
                    break;
            }
        }
    }

    // Specification, chapter 5.2.
    private static void RunInteger(ulong* r, in MicroInstruction instruction, byte* scratchpad)
    {
        ulong* destination = r + instruction.Destination;
        ulong source = instruction.HasNoSource ? instruction.Immediate : r[instruction.Source];
        switch (instruction.Type)
        {
            case InstructionType.IAddRs:
                *destination += (source << instruction.Shift) + instruction.Immediate;
                break;
            case InstructionType.IAddM:
                *destination += *(ulong*)Address(r, instruction, scratchpad);
                break;
            case InstructionType.ISubR:
                *destination -= source;
                break;
            case InstructionType.ISubM:
                *destination -= *(ulong*)Address(r, instruction, scratchpad);
                break;
            case InstructionType.IMulR:
                *destination *= source;
                break;
            case InstructionType.IMulM:
                *destination *= *(ulong*)Address(r, instruction, scratchpad);
                break;
            case InstructionType.IMulhR:
                *destination = Math.BigMul(*destination, source, out _);
                break;
            case InstructionType.IMulhM:
                *destination = Math.BigMul(*destination, *(ulong*)Address(r, instruction, scratchpad), out _);
                break;
            case InstructionType.ISMulhR:
                *destination = (ulong)Math.BigMul((long)*destination, (long)source, out long _);
                break;
            case InstructionType.ISMulhM:
                *destination = (ulong)Math.BigMul((long)*destination, *(long*)Address(r, instruction, scratchpad), out long _);
                break;
            case InstructionType.IMulRcp:
                *destination *= instruction.Immediate;
                break;
            case InstructionType.INegR:
                *destination = 0 - *destination;
                break;
            case InstructionType.IXorR:
                *destination ^= source;
                break;
            case InstructionType.IXorM:
                *destination ^= *(ulong*)Address(r, instruction, scratchpad);
                break;
            case InstructionType.IRorR:
                *destination = BitOperations.RotateRight(*destination, (int)(source & 63));
                break;
            case InstructionType.IRolR:
                *destination = BitOperations.RotateLeft(*destination, (int)(source & 63));
                break;
            case InstructionType.ISwapR:
                (*destination, r[instruction.Source]) = (source, *destination);
                break;
        }
    }

    // Specification, chapter 5.3. f and e lie behind each other, so FSWAP_R finds e0 to e3 as 4 to 7.
    private void RunFloat(RegisterFile* registers, in ProgramConfiguration configuration, in MicroInstruction instruction, byte* scratchpad)
    {
        double* f = registers->F + 2 * instruction.Destination;
        double* e = registers->E + 2 * instruction.Destination;
        double* a = registers->A + 2 * (instruction.Source & 3);
        switch (instruction.Type)
        {
            case InstructionType.FSwapR:
                (f[0], f[1]) = (f[1], f[0]);
                break;
            case InstructionType.FAddR:
                (f[0], f[1]) = (RoundedMath.Add(f[0], a[0], Mode), RoundedMath.Add(f[1], a[1], Mode));
                break;
            case InstructionType.FAddM:
                (double low, double high) = ReadPair(Address(registers->R, instruction, scratchpad));
                (f[0], f[1]) = (RoundedMath.Add(f[0], low, Mode), RoundedMath.Add(f[1], high, Mode));
                break;
            case InstructionType.FSubR:
                (f[0], f[1]) = (RoundedMath.Subtract(f[0], a[0], Mode), RoundedMath.Subtract(f[1], a[1], Mode));
                break;
            case InstructionType.FSubM:
                (low, high) = ReadPair(Address(registers->R, instruction, scratchpad));
                (f[0], f[1]) = (RoundedMath.Subtract(f[0], low, Mode), RoundedMath.Subtract(f[1], high, Mode));
                break;
            case InstructionType.FScalR:
                *(Vector128<ulong>*)f ^= Vector128.Create(0x80F0000000000000);
                break;
            case InstructionType.FMulR:
                (e[0], e[1]) = (RoundedMath.Multiply(e[0], a[0], Mode), RoundedMath.Multiply(e[1], a[1], Mode));
                break;
            case InstructionType.FDivM:
                (low, high) = ReadGroupE(Address(registers->R, instruction, scratchpad), configuration);
                (e[0], e[1]) = (RoundedMath.Divide(e[0], low, Mode), RoundedMath.Divide(e[1], high, Mode));
                break;
            case InstructionType.FSqrtR:
                (e[0], e[1]) = (RoundedMath.SquareRoot(e[0], Mode), RoundedMath.SquareRoot(e[1], Mode));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Address(ulong* r, in MicroInstruction instruction, byte* scratchpad) =>
        scratchpad + ((instruction.HasNoSource ? 0 : r[instruction.Source]) + instruction.Immediate & instruction.Mask);

    // Chapter 4.3.1.
    private static (double Low, double High) ReadPair(byte* address) => (((int*)address)[0], ((int*)address)[1]);

    // Chapter 4.3.2.
    private static (double Low, double High) ReadGroupE(byte* address, in ProgramConfiguration configuration)
    {
        (double low, double high) = ReadPair(address);
        return (Mask(low, configuration.LowExponentMask), Mask(high, configuration.HighExponentMask));
    }

    private static double Mask(double value, ulong mask) =>
        BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(value) & (1ul << 56) - 1 | mask);
}
