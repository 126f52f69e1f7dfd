using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Inner functions that Debian's librandomx 1.1.10 exports beside its public ones; x86-64 Linux only.</summary>
internal static unsafe partial class LibRandomXInternals
{
    private const string Library = "librandomx.so.0";

    internal static bool IsAvailable => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int randomx_blake2b(
        byte* output, nuint outputSize, byte* input, nuint inputSize, byte* key, nuint keySize);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int randomx_blake2b_long(byte* output, nuint outputSize, byte* input, nuint inputSize);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ulong randomx_reciprocal(ulong divisor);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ulong randomx_reciprocal_fast(ulong divisor);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void rxa2_initial_hash(byte* blockHash, Argon2Context* context, int type);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int randomx_argon2_initialize(Argon2Instance* instance, Argon2Context* context);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int randomx_argon2_fill_memory_blocks(Argon2Instance* instance);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nint randomx_argon2_impl_ssse3();

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nint randomx_argon2_impl_avx2();

    /// <summary><c>fillAes1Rx4&lt;softAes: true&gt;(void* state, size_t outputSize, void* buffer)</c>.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11fillAes1Rx4ILb1EEvPvmS0_")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void FillAes1Rx4Soft(byte* state, nuint outputSize, byte* buffer);

    /// <summary><c>fillAes1Rx4&lt;softAes: false&gt;</c>: needs a CPU with AES.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11fillAes1Rx4ILb0EEvPvmS0_")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void FillAes1Rx4Hard(byte* state, nuint outputSize, byte* buffer);

    /// <summary><c>fillAes4Rx4&lt;softAes: true&gt;(void* state, size_t outputSize, void* buffer)</c>.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11fillAes4Rx4ILb1EEvPvmS0_")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void FillAes4Rx4Soft(byte* state, nuint outputSize, byte* buffer);

    /// <summary><c>fillAes4Rx4&lt;softAes: false&gt;(void* state, size_t outputSize, void* buffer)</c>: needs a CPU with AES.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11fillAes4Rx4ILb0EEvPvmS0_")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void FillAes4Rx4Hard(byte* state, nuint outputSize, byte* buffer);

    /// <summary><c>hashAes1Rx4&lt;softAes: true&gt;(const void* input, size_t inputSize, void* hash)</c>.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11hashAes1Rx4ILb1EEvPKvmPv")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void HashAes1Rx4Soft(byte* input, nuint inputSize, byte* hash);

    /// <summary><c>hashAes1Rx4&lt;softAes: false&gt;(const void* input, size_t inputSize, void* hash)</c>: needs a CPU with AES.</summary>
    [LibraryImport(Library, EntryPoint = "_Z11hashAes1Rx4ILb0EEvPKvmPv")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void HashAes1Rx4Hard(byte* input, nuint inputSize, byte* hash);

    [StructLayout(LayoutKind.Sequential)]
    internal struct Argon2Context
    {
        public byte* Output;
        public uint OutputSize;
        public byte* Password;
        public uint PasswordSize;
        public byte* Salt;
        public uint SaltSize;
        public byte* Secret;
        public uint SecretSize;
        public byte* Data;
        public uint DataSize;
        public uint TimeCost;
        public uint MemoryCost;
        public uint Lanes;
        public uint Threads;
        public uint Version;
        public nint Allocate;
        public nint Free;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Argon2Instance
    {
        public ulong* Memory;
        public uint Version;
        public uint Passes;
        public uint MemoryBlocks;
        public uint SegmentLength;
        public uint LaneLength;
        public uint Lanes;
        public uint Threads;
        public int Type;
        public int PrintInternals;
        public Argon2Context* Context;
        public nint Implementation;
    }
}
