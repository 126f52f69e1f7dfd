namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What a piece of the code that a <see cref="ProgramCompiler"/> makes is for.</summary>
internal enum CodePart
{
    /// <summary>Saves the caller's registers and loads what all iterations share.</summary>
    Prologue,

    /// <summary>Begins an iteration: loads the registers.</summary>
    Enter,

    /// <summary>One instruction of the program.</summary>
    Instruction,

    /// <summary>Ends an iteration: the dataset, or which of its lines is wanted, and stores.</summary>
    Leave,

    /// <summary>Goes on with the next iteration.</summary>
    CountDown,

    /// <summary>Returns to the caller.</summary>
    Epilogue,

    /// <summary>Calls the code of several lanes, one after the other.</summary>
    Dispatcher,
}
