namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What a <see cref="ProgramCompiler"/> makes of the programs of several lanes.</summary>
internal enum ProgramForm
{
    /// <summary>One function that runs all iterations of all lanes with a dataset.</summary>
    WithDataset,

    /// <summary>
    /// One function for each lane that runs one of its iterations, to its end where the item is known, else up to the place where it
    /// is needed; and one that calls several of them.
    /// </summary>
    Apart,
}
