using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>
/// The cache of one key: 256 MiB and eight superscalar programs (specification, chapters 7.1 and 7.2). Thread-safe once made.
/// Disposing gives up this object's claim; the memory lives on until the last claim of <see cref="Hold"/> is gone.
/// </summary>
internal sealed unsafe class ManagedCache : IItemSource, IRandomXCache
{
    /// <summary>superscalarMul0 (specification, chapter 7.3).</summary>
    internal const ulong ItemMultiplier = 6364136223846793005;

    private readonly SuperscalarProgram[] _programs = new SuperscalarProgram[Parameters.CacheAccesses];
    private readonly byte* _memory;
    private readonly int _size;
    private readonly ulong _lineMask;
    private readonly byte[] _key;
    private readonly Lazy<ItemCompiler?> _items;
    private readonly Lazy<ItemCompiler?> _single;
    private readonly Lazy<ItemCompiler?> _many;
    private readonly Claim _claim;
    private int _claims = 1;

    private ManagedCache(ReadOnlySpan<byte> key, int blocks, PagePreference pages, CancellationToken cancellation)
    {
        _size = blocks * Argon2d.BlockSize;
        _lineMask = (ulong)(_size / Parameters.ItemSize - 1);
        Block = PagedBlock.Allocate("cache", _size, pages);
        _memory = Block.Address;
        _key = key.ToArray();
        _items = Compiled(() => ItemCompiler.CreateForLanes(_programs, _lineMask));
        _single = Compiled(() => ItemCompiler.CreateScalar(_programs, _lineMask));
        _many = Compiled(() => ItemCompiler.CreateForDatasets(_programs, _lineMask));
        _claim = new Claim(this);
        Task other = Task.Factory.StartNew(PrepareBesides, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            Argon2d.Fill(_memory, blocks, Parameters.ArgonIterations, key, Parameters.ArgonSalt, cancellation: cancellation);
            other.GetAwaiter().GetResult();
        }
        catch
        {
            // The other one writes to the memory until it has ended; how it ended must not hide why this one did.
            ((IAsyncResult)other).AsyncWaitHandle.WaitOne();
            Dispose();
            throw;
        }
    }

    public ReadOnlySpan<byte> Key => _key;

    /// <summary>Computes items of lanes in machine code; null where none can be made.</summary>
    public ItemCompiler? Items => _items.Value;

    /// <summary>Computes items one by one in machine code; null where none can be made.</summary>
    public ItemCompiler? SingleItems => _single.Value;

    /// <summary>Computes many items in machine code; null where none can be made.</summary>
    public ItemCompiler? ManyItems => _many.Value;

    /// <summary>superscalarAdd1 to superscalarAdd7, at their index.</summary>
    internal static ReadOnlySpan<ulong> ItemConstants =>
    [
        0, 9298411001130361340, 12065312585734608966, 9306329213124626780,
        5281919268842080866, 10536153434571861004, 3398623926847679864, 9549104520008361294,
    ];

    /// <summary>The eight superscalar programs.</summary>
    public SuperscalarProgram[] Programs => _programs;

    /// <summary>The filled memory; gone after <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Memory => new(_memory, _size);

    /// <summary>Owns the memory.</summary>
    public PagedBlock Block { get; }

    /// <summary>The pages that the memory got.</summary>
    public PageKind PageKind { get; private set; }

    /// <summary>Makes the cache of a key of at most 60 bytes; takes about half a second.</summary>
    /// <exception cref="OperationCanceledException">Cancelled on the way.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    public static ManagedCache Create(
        ReadOnlySpan<byte> key, PagePreference pages = PagePreference.Auto, CancellationToken cancellation = default) =>
        new(key, Parameters.ArgonBlocks, pages, cancellation);

    /// <summary>
    /// Makes a cache as RandomX would have it with another RANDOMX_ARGON_MEMORY: made in no time, for known answers that all of
    /// the code has a part in.
    /// </summary>
    /// <param name="key">At most 60 bytes.</param>
    /// <param name="blocks">KiB, a power of 2, at least 8.</param>
    public static ManagedCache CreateSmall(ReadOnlySpan<byte> key, int blocks) => new(key, blocks, PagePreference.Normal, default);

    /// <summary>Another claim on the memory, to be disposed.</summary>
    /// <exception cref="ObjectDisposedException">The memory is gone.</exception>
    public IDisposable Hold()
    {
        int claims;
        do
        {
            claims = Volatile.Read(ref _claims);
            ObjectDisposedException.ThrowIf(claims == 0, this);
        }
        while (Interlocked.CompareExchange(ref _claims, claims + 1, claims) != claims);
        return new Claim(this);
    }

    public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount)
    {
        using DatasetItems items = dataset.BorrowForWriting(firstItem, itemCount);
        TryComputeItems(firstItem, items.Bytes);
    }

    public bool TryComputeItems(int firstItem, Span<byte> items)
    {
        int count = items.Length / Parameters.ItemSize;
        fixed (byte* destination = items)
        {
            if (ManyItems is ItemCompiler compiler)
            {
                // Its stores would end the process.
                if ((nuint)destination % Parameters.ItemSize != 0)
                    throw new ArgumentException($"items begin at an address that is a multiple of {Parameters.ItemSize}", nameof(items));
                compiler.Compute(_memory, (uint)firstItem, count, destination);
                return true;
            }
            for (int i = 0; i < count; i++)
                ComputeItem((ulong)(firstItem + i), new Span<ulong>(destination + (long)i * Parameters.ItemSize, 8));
        }
        return true;
    }

    public void ComputeItems(ReadOnlySpan<int> items, Span<byte> computed, RandomXDataset dataset)
    {
        if (ManyItems is not ItemCompiler compiler)
        {
            for (int i = 0; i < items.Length; i++)
                TryComputeItems(items[i], computed.Slice(i * Parameters.ItemSize, Parameters.ItemSize));
            return;
        }
        Span<uint> numbers = stackalloc uint[compiler.GroupItems];
        byte* group = stackalloc byte[(compiler.GroupItems + 1) * Parameters.ItemSize];
        group += (nuint)Parameters.ItemSize - (nuint)group % Parameters.ItemSize;
        for (int done = 0; done < items.Length; done += numbers.Length)
        {
            int count = Math.Min(items.Length - done, numbers.Length);
            for (int i = 0; i < numbers.Length; i++)
                numbers[i] = (uint)items[done + Math.Min(i, count - 1)];
            compiler.Compute(_memory, numbers, group);
            new ReadOnlySpan<byte>(group, count * Parameters.ItemSize).CopyTo(computed[(done * Parameters.ItemSize)..]);
        }
    }

    public void Dispose() => _claim.Dispose();

    public void Xor(uint number, Span<ulong> r)
    {
        Span<ulong> item = stackalloc ulong[8];
        ComputeItem(number, item);
        for (int i = 0; i < item.Length; i++)
            r[i] ^= item[i];
    }

    /// <summary>Computes a dataset item (specification, chapter 7.3).</summary>
    /// <param name="number">Index of the item.</param>
    /// <param name="item">Eight words.</param>
    public void ComputeItem(ulong number, Span<ulong> item)
    {
        InitializeItem(number, item);
        ulong address = number;
        foreach (SuperscalarProgram program in _programs)
        {
            ulong* line = (ulong*)(_memory + (address & _lineMask) * Parameters.ItemSize);
            program.Execute(item);
            for (int i = 0; i < item.Length; i++)
                item[i] ^= line[i];
            address = item[program.AddressRegister];
        }
    }

    /// <summary>The registers that an item begins with (specification, chapter 7.3).</summary>
    internal static void InitializeItem(ulong number, Span<ulong> item)
    {
        item[0] = (number + 1) * ItemMultiplier;
        for (int i = 1; i < item.Length; i++)
            item[i] = item[0] ^ ItemConstants[i];
    }

    // What another processor can do while Argon2, which is one long chain, fills the memory: clear its pages ahead, make code, and see
    // what pages the memory got.
    private void PrepareBesides()
    {
        const int SmallPage = 4096;
        for (int offset = 0; offset < _size; offset += SmallPage)
            Interlocked.Or(ref *(long*)(_memory + offset), 0);
        BlakeGenerator random = new(_key);
        for (int i = 0; i < _programs.Length; i++)
            _programs[i] = new SuperscalarGenerator(random).Generate();
        _ = Items;
        _ = SingleItems;
        PageKind = Block.Measure();
    }

    private static Lazy<ItemCompiler?> Compiled(Func<ItemCompiler> compile) => new(() => ManagedEngine.WhyInterpreted is null ? compile() : null);

    private void Release()
    {
        if (Interlocked.Decrement(ref _claims) != 0)
            return;
        foreach (Lazy<ItemCompiler?> items in (ReadOnlySpan<Lazy<ItemCompiler?>>)[_items, _single, _many])
        {
            if (items.IsValueCreated)
                items.Value?.Dispose();
        }
        Block.Dispose();
    }

    private sealed class Claim(ManagedCache cache) : IDisposable
    {
        private int _isDisposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                cache.Release();
        }
    }
}
