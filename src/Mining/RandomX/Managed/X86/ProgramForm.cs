namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What a <see cref="ProgramCompiler"/> makes of the programs of several lanes.</summary>
internal enum ProgramForm
{
    /// <summary>One function that runs all iterations of all lanes with a dataset.</summary>
    WithDataset,

    /// <summary>One function that runs one iteration of each lane, up to the place where the dataset is read.</summary>
    InStep,

    /// <summary>As <see cref="InStep"/>, of any of the lanes in any order.</summary>
    Apart,
}
