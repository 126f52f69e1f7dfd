using System.Runtime.InteropServices;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Several machines (lanes) of one thread that hash as many inputs together, in generated code. What is the same whether
/// dataset items are read or computed: seeds, scratchpads, programs and fingerprints (specification, chapter 2).
/// </summary>
internal abstract unsafe class LaneMachine : IDisposable
{
    private const int SeedSize = 64;
    private const int HashSize = 32;

    // It takes the place of the registers a.
    private const int FingerprintOffset = 192;
    private const int ConfigurationWords = ProgramConfiguration.Size / 8;

    private readonly byte* _dataset;
    private readonly PagedBlock _scratchpads;
    private readonly PagedBlock _contexts;
    private readonly byte[] _seeds;
    private readonly ulong[] _programBuffer;
    private int _wanted;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="compiler">Disposed with this object.</param>
    /// <param name="lanes">How many inputs are hashed at once, at least 1.</param>
    /// <param name="dataset">What a program's dataset offset is added to.</param>
    /// <param name="pages">Of the scratchpads.</param>
    private protected LaneMachine(RandomXVersion version, ProgramCompiler compiler, int lanes, byte* dataset, PagePreference pages)
    {
        Compiler = compiler;
        Lanes = lanes;
        _dataset = dataset;
        _seeds = new byte[lanes * SeedSize];
        _programBuffer = new ulong[ProgramConfiguration.Size / 8 + Parameters.ProgramLength(version)];
        _contexts = PagedBlock.Allocate("virtual machine", lanes * LaneContext.Stride, PagePreference.Normal);
        _scratchpads = PagedBlock.Allocate("virtual machine", (long)lanes * Parameters.ScratchpadL3, pages);
        for (int lane = 0; lane < lanes; lane++)
            LaneContext.Initialize(Contexts + lane, _scratchpads.Address + (nuint)lane * Parameters.ScratchpadL3);
    }

    /// <summary>How many inputs are hashed at once.</summary>
    public int Lanes { get; }

    /// <summary>The pages of the scratchpads, to be asked after a first hash.</summary>
    public PageKind PageKind => _scratchpads.Measure();

    /// <summary>Told where the time goes; null for nobody.</summary>
    public StageTimes? Times { get; set; }

    private protected ProgramCompiler Compiler { get; }

    /// <summary>The first lanes, those that hash now.</summary>
    private protected int ActiveLanes { get; private set; }

    /// <summary>Whether lanes can rest while others hash.</summary>
    private protected abstract bool CanRest { get; }

    private protected LaneContext* Contexts => (LaneContext*)_contexts.Address;

    /// <summary>Computes one hash per lane.</summary>
    /// <param name="inputs">Equally long inputs, one behind the other.</param>
    /// <param name="hashes">32 bytes per lane.</param>
    public void CalculateHashes(ReadOnlySpan<byte> inputs, Span<byte> hashes)
    {
        Start(inputs);
        Run();
        Finish(hashes);
    }

    /// <summary>Takes inputs, one per lane, equally long: <see cref="Run"/> comes next, then <see cref="Finish"/>.</summary>
    public void Start(ReadOnlySpan<byte> inputs)
    {
        Times?.Begin();
        int size = inputs.Length / Lanes;
        for (int lane = 0; lane < Lanes; lane++)
            Fill(lane, inputs.Slice(lane * size, size));
        (_wanted, ActiveLanes) = (Lanes, Lanes);
        Times?.End(HashStage.Fill);
    }

    /// <summary>Takes 1 to <see cref="Lanes"/> inputs of any length. Lanes that get none rest where they can.</summary>
    public void Start(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        Times?.Begin();
        _wanted = inputs.Length;
        ActiveLanes = CanRest ? inputs.Length : Lanes;
        for (int lane = 0; lane < ActiveLanes; lane++)
            Fill(lane, inputs[Math.Min(lane, inputs.Length - 1)].Span);
        Times?.End(HashStage.Fill);
    }

    /// <summary>Runs all programs of all lanes.</summary>
    public void Run() => TryRun(static () => true);

    /// <summary>Runs all programs of all lanes, or gives up between two of them.</summary>
    /// <param name="isWanted">Asked before each program but the first ones.</param>
    /// <returns>Whether all of them ran.</returns>
    public abstract bool TryRun(Func<bool> isWanted);

    /// <summary>Gives the hashes, 32 bytes per input.</summary>
    public void Finish(Span<byte> hashes)
    {
        Times?.Begin();
        for (int lane = 0; lane < _wanted; lane++)
        {
            AesHash1R.Hash(Scratchpad(lane), Registers(lane)[FingerprintOffset..]);
            Blake2b.Hash(Registers(lane), hashes.Slice(lane * HashSize, HashSize));
        }
        Times?.End(HashStage.Finish);
    }

    /// <summary>
    /// <see cref="Finish"/> and then <see cref="Start(ReadOnlySpan{byte})"/>, in less time; all lanes were started.
    /// </summary>
    public void FinishAndStart(Span<byte> hashes, ReadOnlySpan<byte> nextInputs)
    {
        Times?.Begin();
        int size = nextInputs.Length / Lanes;
        for (int lane = 0; lane < Lanes; lane++)
            Blake2b.Hash(nextInputs.Slice(lane * size, size), Seed(lane));
        HashAndFillAll();
        for (int lane = 0; lane < Lanes; lane++)
        {
            Blake2b.Hash(Registers(lane), hashes.Slice(lane * HashSize, HashSize));
            Contexts[lane].Mode = 0;
        }
        Times?.End(HashStage.Finish);
    }

    public virtual void Dispose()
    {
        Compiler.Dispose();
        _contexts.Dispose();
        _scratchpads.Dispose();
    }

    /// <summary>Makes the code of the next program of all lanes.</summary>
    /// <param name="isFirst">Whether it is that of the input, not of what a program has left.</param>
    private protected void CompilePrograms(bool isFirst)
    {
        Times?.Begin();
        Compiler.Begin();
        for (int lane = 0; lane < ActiveLanes; lane++)
        {
            ProgramConfiguration configuration = Generate(lane, isFirst);
            Compiler.AddLane(Contexts + lane, configuration, ProgramWords);
            Times?.End(HashStage.Compile);
        }
        Compiler.End();
        Times?.End(HashStage.Compile);
    }

    /// <summary>Makes code of the program that comes after that which a lane has ended.</summary>
    private protected void CompileNextProgram(int lane)
    {
        ProgramConfiguration configuration = Generate(lane, isFirst: false);
        Compiler.ReplaceLane(lane, Contexts + lane, configuration, ProgramWords);
        Times?.End(HashStage.Compile);
    }

    private void HashAndFillAll()
    {
        Span<byte> fingerprints = stackalloc byte[WideAes.MostLanes * SeedSize];
        for (int first = 0, count; first < Lanes; first += count)
        {
            // Groups of equal sizes as far as possible: a lane that is left alone would take longest.
            int groups = (Lanes - first + WideAes.MostLanes - 1) / WideAes.MostLanes;
            count = WideAes.IsSupported ? (Lanes - first) / groups : 1;
            if (count == 1)
            {
                AesHash1R.HashAndFill(Scratchpad(first), Registers(first)[FingerprintOffset..], Seed(first));
                continue;
            }
            WideAes.HashAndFill(Contexts[first].Scratchpad, fingerprints[..(count * SeedSize)], _seeds.AsSpan(first * SeedSize, count * SeedSize));
            for (int i = 0; i < count; i++)
                fingerprints.Slice(i * SeedSize, SeedSize).CopyTo(Registers(first + i)[FingerprintOffset..]);
        }
    }

    private void Fill(int lane, ReadOnlySpan<byte> input)
    {
        Blake2b.Hash(input, Seed(lane));
        AesGenerator1R.Fill(Seed(lane), Scratchpad(lane));
        Contexts[lane].Mode = 0;
    }

    // Its instructions are in ProgramWords then.
    private ProgramConfiguration Generate(int lane, bool isFirst)
    {
        if (!isFirst)
            Blake2b.Hash(Registers(lane), Seed(lane));
        Times?.End(HashStage.Seed);
        AesGenerator4R.Fill(Seed(lane), MemoryMarshal.AsBytes(_programBuffer.AsSpan()));
        Times?.End(HashStage.Generate);
        return Contexts[lane].BeginProgram(_programBuffer.AsSpan(0, ConfigurationWords), _dataset);
    }

    private ReadOnlySpan<ulong> ProgramWords => _programBuffer.AsSpan(ConfigurationWords);

    private Span<byte> Seed(int lane) => _seeds.AsSpan(lane * SeedSize, SeedSize);

    private Span<byte> Scratchpad(int lane) => new(Contexts[lane].Scratchpad, Parameters.ScratchpadL3);

    private Span<byte> Registers(int lane) => MemoryMarshal.AsBytes(new Span<RegisterFile>(ref Contexts[lane].Registers));
}
