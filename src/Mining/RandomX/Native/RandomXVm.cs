using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// A RandomX virtual machine: computes hashes with the one key of its cache or dataset, which it keeps alive. For one
/// thread at a time; the calls allocate nothing and leave the thread's floating-point environment as it was.
/// </summary>
public sealed class RandomXVm : IHasher
{
    private readonly VmHandle _handle;
    private readonly byte[] _key;
    private readonly PagedMemory _pages;
    private bool _pending;
    private int _busy;

    private RandomXVm(VmHandle handle, ReadOnlySpan<byte> key, bool isFull, PagedMemory pages)
    {
        _handle = handle;
        _key = key.ToArray();
        IsFull = isFull;
        _pages = pages;
    }

    /// <summary>The key that hashes are computed with.</summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>Whether it reads a dataset (fast) or computes items from a cache (about ten times slower).</summary>
    public bool IsFull { get; }

    public int Lanes => 1;

    /// <summary>
    /// The pages of the 2 MiB scratchpad, to be asked after a first hash. Takes milliseconds. Transparent ones come about
    /// only where the C library's allocator happens to align the scratchpad.
    /// </summary>
    public PageKind PageKind => _pages.Measure();

    /// <summary>Creates a VM in light mode. Of the flags, HardAes, Jit and Secure matter.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    /// <exception cref="PlatformNotSupportedException">Flags that this CPU lacks.</exception>
    /// <exception cref="RandomXUnavailableException">The library failed its self-test.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    public static RandomXVm CreateLight(RandomXCache cache, RandomXFlags flags, PagePreference pages)
    {
        ArgumentNullException.ThrowIfNull(cache);
        VmHandle handle = Create(
            flags & ~RandomXFlags.FullMemory,
            pages,
            flags => VmHandle.Create(cache.Handle, handle => Interop.RandomX.randomx_create_vm(flags, handle, dataset: 0)),
            out PagedMemory pagesGot);
        return new RandomXVm(handle, cache.Key, isFull: false, pagesGot);
    }

    /// <summary>Creates a VM in full mode. Of the flags, HardAes, Jit and Secure matter.</summary>
    /// <exception cref="InvalidOperationException">The dataset is not complete, or allocated by another engine.</exception>
    /// <inheritdoc cref="CreateLight" path="/exception"/>
    public static RandomXVm CreateFull(RandomXDataset dataset, RandomXFlags flags, PagePreference pages)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (!dataset.IsComplete)
            throw new InvalidOperationException("a full VM needs a complete dataset");
        dataset.RequireNative();
        VmHandle handle = Create(
            flags | RandomXFlags.FullMemory,
            pages,
            flags => VmHandle.Create(dataset.Handle, handle => Interop.RandomX.randomx_create_vm(flags, cache: 0, handle)),
            out PagedMemory pagesGot);
        return new RandomXVm(handle, dataset.Key, isFull: true, pagesGot);
    }

    /// <summary>Computes one hash. Ends a pipeline that was begun with <see cref="First"/>.</summary>
    /// <param name="input">Any length.</param>
    /// <param name="output">At least 32 bytes; may overlap the input.</param>
    /// <exception cref="ArgumentException">A shorter output.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this VM.</exception>
    public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        RequireHashSize(output);
        Enter();
        try
        {
            _pending = false;
            Interop.RandomX.randomx_calculate_hash(_handle, input, (nuint)input.Length, output);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Begins a pipeline: takes the first input. <see cref="Next"/> gives its hash.</summary>
    /// <exception cref="InvalidOperationException">Another thread is using this VM.</exception>
    public void First(ReadOnlySpan<byte> inputs)
    {
        Enter();
        try
        {
            Interop.RandomX.randomx_calculate_hash_first(_handle, inputs, (nuint)inputs.Length);
            _pending = true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives the hash of the previous input and takes the next one.</summary>
    /// <param name="nextInputs">Any length.</param>
    /// <param name="hashes">At least 32 bytes.</param>
    /// <exception cref="ArgumentException">A shorter hash.</exception>
    /// <exception cref="InvalidOperationException">No input is pending, or another thread is using this VM.</exception>
    public unsafe void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes)
    {
        RequireHashSize(hashes);
        byte* environment = stackalloc byte[Interop.Fenv.MaxEnvironmentSize];
        Enter();
        try
        {
            RequirePending();
            // librandomx leaves its rounding mode and flush-to-zero behind, which would change managed arithmetic.
            _ = Interop.Fenv.fegetenv(environment);
            Interop.RandomX.randomx_calculate_hash_next(_handle, nextInputs, (nuint)nextInputs.Length, hashes);
            _ = Interop.Fenv.fesetenv(environment);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives the hash of the previous input and ends the pipeline.</summary>
    /// <param name="output">At least 32 bytes.</param>
    /// <inheritdoc cref="Next" path="/exception"/>
    public unsafe void Last(Span<byte> output)
    {
        RequireHashSize(output);
        byte* environment = stackalloc byte[Interop.Fenv.MaxEnvironmentSize];
        Enter();
        try
        {
            RequirePending();
            _pending = false;
            _ = Interop.Fenv.fegetenv(environment);
            Interop.RandomX.randomx_calculate_hash_last(_handle, output);
            _ = Interop.Fenv.fesetenv(environment);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives up the VM. A hash in flight on another thread ends first; the memory goes after it.</summary>
    public void Dispose() => _handle.Dispose();

    private static VmHandle Create(RandomXFlags flags, PagePreference pages, Func<RandomXFlags, VmHandle> create, out PagedMemory pagesGot)
    {
        RandomXCpu.RequireSupported(flags);
        RandomXLibrary.EnsureProven();
        return PagedAllocation.Allocate("virtual machine", RandomXLibrary.ScratchpadSize, flags, pages, create, out pagesGot);
    }

    private static void RequireHashSize(Span<byte> output)
    {
        if (output.Length < RandomXLibrary.HashSize)
            throw new ArgumentException($"a hash needs {RandomXLibrary.HashSize} bytes, not {output.Length}", nameof(output));
    }

    private void RequirePending()
    {
        if (!_pending)
            throw new InvalidOperationException("no input is pending: call First before Next and Last");
    }

    // Two threads in one VM would both get hashes that are wrong and look right.
    private void Enter()
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("a RandomX VM is for one thread at a time");
    }

    private void Leave() => Volatile.Write(ref _busy, 0);
}
