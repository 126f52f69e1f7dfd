using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Several machines of one thread that hash as many inputs together, on a full dataset, in generated code.</summary>
internal sealed unsafe class CompiledVm : IDisposable
{
    private const int SeedSize = 64;
    private const int ScratchpadAlignment = 64;

    private readonly RandomXVersion _version;
    private readonly byte* _dataset;
    private readonly ProgramCompiler _compiler;
    private readonly LaneContext* _contexts;
    private readonly byte* _scratchpads;
    private readonly byte[] _seeds;
    private readonly ulong[] _programBuffer;
    private readonly MicroInstruction[] _program;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="lanes">How many inputs are hashed at once, at least 1.</param>
    /// <param name="dataset">All 2080 MiB; must outlive this object.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public CompiledVm(RandomXVersion version, int lanes, byte* dataset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        _version = version;
        Lanes = lanes;
        _dataset = dataset;
        _seeds = new byte[lanes * SeedSize];
        _program = new MicroInstruction[Parameters.ProgramLength(version)];
        _programBuffer = new ulong[ProgramConfiguration.Size / 8 + _program.Length];
        _compiler = new ProgramCompiler(version, lanes);
        _contexts = (LaneContext*)NativeMemory.AlignedAlloc((nuint)(lanes * LaneContext.Stride), ScratchpadAlignment);
        _scratchpads = (byte*)NativeMemory.AlignedAlloc((nuint)lanes * Parameters.ScratchpadL3, ScratchpadAlignment);
        for (int lane = 0; lane < lanes; lane++)
            Initialize(_contexts + lane, _scratchpads + (nuint)lane * Parameters.ScratchpadL3);
    }

    /// <summary>How many inputs are hashed at once.</summary>
    public int Lanes { get; }

    /// <summary>Computes one hash per lane (specification, chapter 2).</summary>
    /// <param name="inputs">Equally long inputs, one behind the other.</param>
    /// <param name="hashes">32 bytes per lane.</param>
    public void CalculateHashes(ReadOnlySpan<byte> inputs, Span<byte> hashes)
    {
        int size = inputs.Length / Lanes;
        for (int lane = 0; lane < Lanes; lane++)
        {
            Blake2b.Hash(inputs.Slice(lane * size, size), Seed(lane));
            AesGenerator1R.Fill(Seed(lane), Scratchpad(lane));
            _contexts[lane].Mxcsr = InstructionTemplates.DefaultMxcsr;
        }
        for (int program = 0; program < Parameters.ProgramCount; program++)
        {
            _compiler.Begin();
            for (int lane = 0; lane < Lanes; lane++)
            {
                if (program > 0)
                    Blake2b.Hash(Registers(lane), Seed(lane));
                Prepare(lane);
            }
            _compiler.End();
            _compiler.Run(_contexts);
        }
        for (int lane = 0; lane < Lanes; lane++)
        {
            AesHash1R.Hash(Scratchpad(lane), Registers(lane)[192..]);
            Blake2b.Hash(Registers(lane), hashes.Slice(lane * 32, 32));
        }
    }

    public void Dispose()
    {
        _compiler.Dispose();
        NativeMemory.AlignedFree(_contexts);
        NativeMemory.AlignedFree(_scratchpads);
    }

    private static void Initialize(LaneContext* context, byte* scratchpad)
    {
        *context = default;
        context->Scratchpad = scratchpad;
        for (int half = 0; half < 2; half++)
        {
            context->MantissaMask[half] = (1ul << 56) - 1;
            context->ScaleMask[half] = 0x80F0000000000000;
        }
    }

    // Specification, chapters 4.5 and 4.6.1.
    private void Prepare(int lane)
    {
        const int ConfigurationWords = ProgramConfiguration.Size / 8;
        AesGenerator4R.Fill(Seed(lane), MemoryMarshal.AsBytes(_programBuffer.AsSpan()));
        LaneContext* context = _contexts + lane;
        ProgramConfiguration configuration =
            ProgramConfiguration.Read(_programBuffer.AsSpan(0, ConfigurationWords), ref context->Registers);
        ProgramDecoder.Decode(_programBuffer.AsSpan(ConfigurationWords), _program);
        _compiler.AddLane(configuration, _program);
        new Span<ulong>(context->Registers.R, 8).Clear();
        context->MxMa = configuration.Mx | (ulong)configuration.Ma << 32;
        context->ScratchpadAddress0 = configuration.Mx & ScratchpadMask.L3Line;
        context->ScratchpadAddress1 = configuration.Ma & ScratchpadMask.L3Line;
        context->ExponentMask[0] = configuration.LowExponentMask;
        context->ExponentMask[1] = configuration.HighExponentMask;
        context->Dataset = _dataset + configuration.DatasetOffset;
    }

    private Span<byte> Seed(int lane) => _seeds.AsSpan(lane * SeedSize, SeedSize);

    private Span<byte> Scratchpad(int lane) => new(_contexts[lane].Scratchpad, Parameters.ScratchpadL3);

    private Span<byte> Registers(int lane) => MemoryMarshal.AsBytes(new Span<RegisterFile>(ref _contexts[lane].Registers));
}
