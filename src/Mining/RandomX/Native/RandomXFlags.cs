namespace P2PMiner.Mining.RandomX.Native;

/// <summary>The flags of randomx.h (librandomx 1.1.10) with their values; combine them with |.</summary>
[Flags]
public enum RandomXFlags
{
    /// <summary>Works everywhere and is the slowest.</summary>
    None = 0,

    /// <summary>Allocate in explicit huge pages. Set by <see cref="PagePreference"/>, not by callers.</summary>
    LargePages = 1,

    /// <summary>Hardware AES in the VM.</summary>
    HardAes = 2,

    /// <summary>The VM reads the dataset. Set by <see cref="RandomXVm.CreateFull"/>, not by callers.</summary>
    FullMemory = 4,

    /// <summary>Compile programs (VM) and SuperscalarHash (cache) to machine code.</summary>
    Jit = 8,

    /// <summary>With <see cref="Jit"/>: code pages are never writable and executable at once.</summary>
    Secure = 16,

    /// <summary>Fill the cache with SSSE3.</summary>
    Argon2Ssse3 = 32,

    /// <summary>Fill the cache with AVX2; wins over <see cref="Argon2Ssse3"/>.</summary>
    Argon2Avx2 = 64,
}
