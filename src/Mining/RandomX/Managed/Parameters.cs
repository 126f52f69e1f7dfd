namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>RandomX's parameters (specification, table 1.2.1); sizes in bytes unless the name says otherwise.</summary>
internal static class Parameters
{
    public const int ArgonBlocks = 262144;
    public const int ArgonIterations = 3;
    public const int CacheSize = ArgonBlocks * Argon2d.BlockSize;
    public const int CacheLines = CacheSize / ItemSize;
    public const int CacheAccesses = 8;
    public const int SuperscalarLatency = 170;
    public const int ItemSize = 64;
    public const uint DatasetBaseSize = 1u << 31;
    public const int DatasetExtraSize = 33554368;
    public const int DatasetExtraItems = DatasetExtraSize / ItemSize;
    public const int ProgramIterations = 2048;
    public const int ProgramCount = 8;
    public const int MaxProgramLength = 384;
    public const int JumpBits = 8;
    public const int JumpOffset = 8;
    public const int ScratchpadL3 = 2097152;
    public const int ScratchpadL2 = 262144;
    public const int ScratchpadL1 = 16384;

    /// <summary>RANDOMX_ARGON_SALT.</summary>
    public static ReadOnlySpan<byte> ArgonSalt => "RandomX\x03"u8;

    /// <summary>RANDOMX_PROGRAM_SIZE: instructions of a program.</summary>
    public static int ProgramLength(RandomXVersion version) => version == RandomXVersion.V1 ? 256 : MaxProgramLength;
}
