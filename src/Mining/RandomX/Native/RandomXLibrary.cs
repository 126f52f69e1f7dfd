using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>Loads librandomx and proves, before anything is hashed, that it computes RandomX v1.</summary>
public static class RandomXLibrary
{
    /// <summary>Items of a dataset: (2^31 + 33,554,368) / 64 (RandomX specs.md, table 1.2.1).</summary>
    public const int DatasetItemCount = 34_078_719;

    /// <summary>Bytes of a dataset item.</summary>
    public const int DatasetItemSize = 64;

    /// <summary>Bytes of a dataset.</summary>
    public const long DatasetSize = (long)DatasetItemCount * DatasetItemSize;

    /// <summary>Bytes of a cache.</summary>
    public const long CacheSize = 256L << 20;

    /// <summary>Bytes of a VM's scratchpad.</summary>
    public const long ScratchpadSize = 2L << 20;

    /// <summary>Bytes of a hash.</summary>
    public const int HashSize = 32;

    /// <summary>A key has 0 to 60 bytes (RandomX specs.md, section 2).</summary>
    public const int MaxKeySize = 60;

    // With less memory than this, the proof's own cache must be gone before the first real one is filled.
    private const long MemoryForTwoCaches = 1L << 30;

    private static readonly string[] Exports =
    [
        "randomx_alloc_cache", "randomx_init_cache", "randomx_release_cache",
        "randomx_alloc_dataset", "randomx_init_dataset", "randomx_dataset_item_count", "randomx_get_dataset_memory",
        "randomx_release_dataset", "randomx_create_vm", "randomx_destroy_vm", "randomx_calculate_hash",
        "randomx_calculate_hash_first", "randomx_calculate_hash_next", "randomx_calculate_hash_last",
    ];

    private static readonly Lazy<bool> Loaded = new(static () =>
    {
        NativeLibraries.Use(Open(Environment.GetEnvironmentVariable(NativeLibraries.RandomXPathVariable)));
        RequireItemCount();
        return true;
    });

    private static readonly Lazy<Task> Proof = new(static () => Task.Factory.StartNew(
        Prove, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    /// <summary>
    /// Loads the library and begins its self-test, which takes one cache initialization on another thread.
    /// </summary>
    /// <exception cref="RandomXUnavailableException">It cannot be loaded or is not librandomx.</exception>
    public static void EnsureLoaded()
    {
        _ = Loaded.Value;
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < MemoryForTwoCaches)
            EnsureProven();
        else
            _ = Proof.Value;
    }

    /// <summary>Loads the library without its self-test, which follows before it hashes.</summary>
    /// <exception cref="RandomXUnavailableException">It cannot be loaded or is not librandomx.</exception>
    internal static void Load() => _ = Loaded.Value;

    /// <summary>Waits for the self-test.</summary>
    /// <exception cref="RandomXUnavailableException">Not loadable, or it computes another hash than RandomX v1.</exception>
    public static void EnsureProven() => Proof.Value.GetAwaiter().GetResult();

    /// <summary>Loads the library and checks that it has RandomX's functions.</summary>
    /// <param name="path">Full path of the library; null or empty for the usual names.</param>
    /// <exception cref="RandomXUnavailableException">It cannot be loaded or is not librandomx.</exception>
    internal static nint Open(string? path)
    {
        if (string.IsNullOrEmpty(path))
            path = null;
        nint library = NativeLibraries.LoadRandomX(path);
        if (library == 0)
            throw new RandomXUnavailableException(NotFoundMessage(path));
        foreach (string export in Exports)
        {
            if (!NativeLibrary.TryGetExport(library, export, out _))
                throw new RandomXUnavailableException($"the library loaded as RandomX lacks {export}: {InstallHint}");
        }
        return library;
    }

    private static void RequireItemCount()
    {
        ulong items = Interop.RandomX.randomx_dataset_item_count().Value;
        if (items != DatasetItemCount)
        {
            throw new RandomXUnavailableException(
                $"this RandomX library has {items} dataset items instead of {DatasetItemCount}, so it is built for another coin: {InstallHint}");
        }
    }

    private static string InstallHint =>
        (OperatingSystem.IsLinux() ? "install it with 'sudo apt install librandomx0'"
            : "build it from https://github.com/tevador/RandomX")
        + $", or set {NativeLibraries.RandomXPathVariable} to the library's full path";

    private static string NotFoundMessage(string? path) => path is null
        ? $"the RandomX library was not found (tried {string.Join(", ", NativeLibraries.RandomXNames)}): {InstallHint}"
        : $"the RandomX library '{path}' named by {NativeLibraries.RandomXPathVariable} cannot be loaded: correct the path, or unset it and {InstallHint}";

    // Known answer: RandomX src/tests/tests.cpp, hash test a.
    private static void Prove()
    {
        _ = Loaded.Value;
        Span<byte> hash = stackalloc byte[HashSize];
        RandomXFlags flags = RandomXCpu.SupportedFlags;
        using CacheHandle cache = PagedAllocation.Allocate(
            "cache", CacheSize, flags, PagePreference.Thp, Interop.RandomX.randomx_alloc_cache, out _);
        ReadOnlySpan<byte> key = "test key 000"u8;
        Interop.RandomX.randomx_init_cache(cache, key, (nuint)key.Length);
        using VmHandle vm = VmHandle.Create(cache, cache => Interop.RandomX.randomx_create_vm(flags, cache, dataset: 0));
        if (vm.IsInvalid)
            throw new InsufficientMemoryException("no memory for a RandomX virtual machine: close other programs");
        ReadOnlySpan<byte> input = "This is a test"u8;
        Interop.RandomX.randomx_calculate_hash(vm, input, (nuint)input.Length, hash);
        if (!hash.SequenceEqual(Convert.FromHexString("639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f")))
            throw new RandomXUnavailableException($"the RandomX library gives wrong hashes on this machine: {InstallHint}");
    }
}
