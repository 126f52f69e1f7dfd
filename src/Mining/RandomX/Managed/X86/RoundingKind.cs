namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Where generated code has a machine's rounding mode (the register fprc; specification, chapter 4.3).</summary>
internal enum RoundingKind
{
    /// <summary>In MXCSR, for all instructions. Some processors change it only when all instructions before have ended.</summary>
    Register,

    /// <summary>
    /// In each instruction, as AVX-512 can: the code of a program that has CFROUND is there once per mode, and CFROUND goes from one
    /// to another. What else MXCSR has does not matter: no result is denormal (chapter 5.3), and such instructions raise no exceptions.
    /// </summary>
    Embedded,
}
