using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Machines on a full dataset: they take turns at every iteration, so that one computes while the others' items are on their
/// way from memory.
/// </summary>
/// <param name="version">Of the algorithm.</param>
/// <param name="settings">How many inputs are hashed at once, and how dataset lines are asked for.</param>
/// <param name="dataset">All 2080 MiB; must outlive this object.</param>
/// <param name="pages">Of the scratchpads.</param>
/// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
/// <exception cref="InsufficientMemoryException">No memory for the scratchpads.</exception>
internal sealed unsafe class CompiledVm(RandomXVersion version, LaneSettings settings, byte* dataset, PagePreference pages = PagePreference.Auto)
    : LaneMachine(version, new ProgramCompiler(version, settings, ProgramForm.WithDataset), settings.Lanes, dataset, pages)
{
    // A lane asks for the lines of those before it.
    private protected override bool CanRest => false;

    public override bool TryRun(Func<bool> isWanted)
    {
        for (int program = 0; program < Parameters.ProgramCount; program++)
        {
            if (program > 0 && !isWanted())
                return false;
            CompilePrograms(isFirst: program == 0);
            Compiler.Run(Contexts);
            Times?.End(HashStage.Execute);
        }
        return true;
    }
}
