using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Runs single programs in machine code and in the interpreter, and so the programs of a hash one by one, to find out where the two part.
/// For one thread.
/// </summary>
internal sealed unsafe class ProgramComparison : IDisposable
{
    private const int ConfigurationWords = ProgramConfiguration.Size / 8;

    private readonly int _lanes;
    private readonly byte* _dataset;
    private readonly ulong[] _words;
    private readonly InterpretedVm _interpreter;
    private readonly ProgramCompiler _compiler;
    private readonly PagedBlock _memory;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="settings">Of the machine code.</param>
    /// <param name="dataset">All 2080 MiB; must outlive this object.</param>
    /// <param name="items">The same for the interpreter.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the scratchpads.</exception>
    public ProgramComparison(RandomXVersion version, LaneSettings settings, byte* dataset, IItemSource items)
    {
        _lanes = settings.Lanes;
        _dataset = dataset;
        _words = new ulong[ConfigurationWords + Parameters.ProgramLength(version)];
        _interpreter = new InterpretedVm(version, items);
        _compiler = new ProgramCompiler(version, settings, ProgramForm.WithDataset);
        _memory = PagedBlock.Allocate("virtual machine", _lanes * ((long)Parameters.ScratchpadL3 + LaneContext.Stride), PagePreference.Normal);
    }

    /// <summary>Runs one program per lane in machine code.</summary>
    /// <param name="words">Configurations and instructions, one program behind the other.</param>
    /// <param name="states">Of each lane, before and after.</param>
    public void RunCompiled(ReadOnlySpan<ulong> words, IReadOnlyList<MachineState> states)
    {
        LaneContext* contexts = (LaneContext*)(_memory.Address + (nuint)_lanes * Parameters.ScratchpadL3);
        _compiler.Begin();
        for (int lane = 0; lane < _lanes; lane++)
        {
            ReadOnlySpan<ulong> program = words.Slice(lane * _words.Length, _words.Length);
            byte* scratchpad = _memory.Address + (nuint)lane * Parameters.ScratchpadL3;
            states[lane].Scratchpad.CopyTo(new Span<byte>(scratchpad, Parameters.ScratchpadL3));
            LaneContext.Initialize(contexts + lane, scratchpad);
            contexts[lane].Mode = (uint)states[lane].Mode;
            ProgramConfiguration configuration = contexts[lane].BeginProgram(program[..ConfigurationWords], _dataset);
            _compiler.AddLane(contexts + lane, configuration, program[ConfigurationWords..]);
        }
        _compiler.End();
        _compiler.Run(contexts);
        for (int lane = 0; lane < _lanes; lane++)
        {
            new Span<byte>(contexts[lane].Scratchpad, Parameters.ScratchpadL3).CopyTo(states[lane].Scratchpad);
            states[lane].Registers = contexts[lane].Registers;
            states[lane].Mode = (RoundingMode)contexts[lane].Mode;
        }
    }

    /// <summary>Runs one program in the interpreter.</summary>
    /// <param name="words">Its configuration and instructions.</param>
    /// <param name="state">Before and after.</param>
    public void Interpret(ReadOnlySpan<ulong> words, MachineState state)
    {
        _interpreter.Mode = state.Mode;
        _interpreter.RunProgram(words, state.Scratchpad, out state.Registers);
        state.Mode = _interpreter.Mode;
    }

    /// <summary>Runs one program per lane in both ways, from the same states.</summary>
    /// <param name="words">As for <see cref="RunCompiled"/>.</param>
    /// <param name="states">Of each lane; as the interpreter leaves them.</param>
    /// <returns>The first difference, machine code first; null if there is none.</returns>
    public string? Compare(ReadOnlySpan<ulong> words, IReadOnlyList<MachineState> states)
    {
        MachineState[] compiled = [.. states.Select(state => state.Copy())];
        RunCompiled(words, compiled);
        for (int lane = 0; lane < _lanes; lane++)
        {
            Interpret(words.Slice(lane * _words.Length, _words.Length), states[lane]);
            if (compiled[lane].DifferenceTo(states[lane]) is string difference)
                return $"lane {lane}: {difference}";
        }
        return null;
    }

    /// <summary>Runs the programs of a hash (specification, chapter 2), the same in all lanes.</summary>
    /// <param name="input">That is hashed.</param>
    /// <returns>The first difference, machine code first; null if there is none.</returns>
    public string? FindDifference(ReadOnlySpan<byte> input)
    {
        Span<byte> seed = stackalloc byte[64];
        Blake2b.Hash(input, seed);
        MachineState state = new();
        AesGenerator1R.Fill(seed, state.Scratchpad);
        for (int program = 0; program < Parameters.ProgramCount; program++)
        {
            if (program > 0)
                Blake2b.Hash(state.RegisterBytes, seed);
            AesGenerator4R.Fill(seed, MemoryMarshal.AsBytes(_words.AsSpan()));
            MachineState[] lanes = [.. Enumerable.Range(0, _lanes).Select(_ => state.Copy())];
            ulong[] words = [.. Enumerable.Repeat(_words, _lanes).SelectMany(same => same)];
            if (Compare(words, lanes) is string difference)
                return $"after program {program}, {difference}";
            state = lanes[0];
        }
        return null;
    }

    public void Dispose()
    {
        _compiler.Dispose();
        _memory.Dispose();
    }
}
