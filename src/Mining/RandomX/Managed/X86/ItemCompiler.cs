using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.Superscalar;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Computes dataset items of one cache many at a time (specification, chapter 7.3): a vector holds one register of several
/// items, and several such batches take turns, so that each one's cache lines arrive while the others compute.
/// </summary>
internal sealed unsafe class ItemCompiler : IDisposable
{
    /// <summary>Batches in flight: so many hide the memory's latency also where others keep it busy.</summary>
    public const int Batches = 6;

    /// <summary>r0 to r7.</summary>
    public const int Registers = 8;

    private const ulong AllLines = Parameters.CacheLines - 1;

    private readonly CodeMemory _code;
    private readonly int[] _offsets;

    private ItemCompiler(SuperscalarProgram[] programs, SuperscalarWriter writer, ulong lineMask)
    {
        RequireSupport();
        LineMask = lineMask;
        (BatchItems, VectorItems) = (writer.Items, writer.VectorItems);
        (byte[] code, _offsets) = writer.Write(programs);
        _code = CodeMemory.Allocate(code.Length);
        code.CopyTo(new Span<byte>(_code.Writable, code.Length));
    }

    /// <summary>Makes one that computes as many items at once as fill a vector: for <see cref="ItemBatch"/>.</summary>
    /// <param name="programs">The cache's eight programs.</param>
    /// <param name="lineMask">As <see cref="LineMask"/>.</param>
    /// <param name="usesAvx512">False leaves AVX-512 unused.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public static ItemCompiler CreateForLanes(SuperscalarProgram[] programs, ulong lineMask = AllLines, bool usesAvx512 = true) =>
        new(programs, SuperscalarWriter.Create(usesAvx512, hasSingle: false), lineMask);

    /// <summary>Makes one that takes the least time for many items: <see cref="Compute(byte*, uint, int, byte*)"/>.</summary>
    /// <inheritdoc cref="CreateForLanes"/>
    public static ItemCompiler CreateForDatasets(SuperscalarProgram[] programs, ulong lineMask = AllLines, bool usesAvx512 = true) =>
        new(programs, SuperscalarWriter.Create(usesAvx512, hasSingle: true), lineMask);

    /// <summary>Makes one that computes every item by itself, which is soonest for one or two of them.</summary>
    /// <param name="programs">The cache's eight programs.</param>
    /// <param name="lineMask">As <see cref="LineMask"/>.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public static ItemCompiler CreateScalar(SuperscalarProgram[] programs, ulong lineMask = AllLines) =>
        new(programs, SuperscalarWriter.CreateScalar(), lineMask);

    /// <exception cref="PlatformNotSupportedException">This is another architecture.</exception>
    public static void RequireSupport()
    {
        if (!X86Base.X64.IsSupported)
            throw new PlatformNotSupportedException("machine code is made for x86-64 only");
    }

    /// <summary>True if this CPU has the instructions for eight items at once.</summary>
    public static bool IsAvx512Supported => Avx512F.IsSupported && Avx512DQ.IsSupported;

    /// <summary>How many lines the cache has, a power of 2, less one.</summary>
    public ulong LineMask { get; }

    /// <summary>Items of a batch: 9, 8, 5, 4 or 1.</summary>
    public int BatchItems { get; }

    /// <summary>Those of them in vectors: 8, 4 or 1.</summary>
    public int VectorItems { get; }

    /// <summary>Items that are computed at once.</summary>
    public int GroupItems => BatchItems * Batches;

    /// <summary>Computes items wherever they lie.</summary>
    /// <param name="cache">The cache's memory.</param>
    /// <param name="numbers">Their numbers, whole batches and at most <see cref="GroupItems"/>.</param>
    /// <param name="items">Where they go, 64 bytes each, aligned to 64 bytes.</param>
    public void Compute(byte* cache, ReadOnlySpan<uint> numbers, byte* items)
    {
        bool isHeld = false;
        try
        {
            _code.DangerousAddRef(ref isHeld);
            ComputeGroup(cache, numbers, items, isKeptInCache: true);
        }
        finally
        {
            if (isHeld)
                _code.DangerousRelease();
        }
    }

    /// <summary>Computes items that follow one another.</summary>
    /// <param name="cache">The cache's memory.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="items">Where they go, 64 bytes each, aligned to 64 bytes.</param>
    public void Compute(byte* cache, uint first, int count, byte* items)
    {
        bool isHeld = false;
        try
        {
            _code.DangerousAddRef(ref isHeld);
            Span<uint> numbers = stackalloc uint[GroupItems];
            byte* rest = stackalloc byte[GroupItems * Parameters.ItemSize + Parameters.ItemSize];
            rest += (nuint)Parameters.ItemSize - (nuint)rest % Parameters.ItemSize;
            for (int done = 0; done < count; done += GroupItems)
            {
                for (int i = 0; i < GroupItems; i++)
                    numbers[i] = first + (uint)(done + i);
                bool isWhole = count - done >= GroupItems;
                byte* destination = items + (nuint)done * Parameters.ItemSize;
                ComputeGroup(cache, numbers, isWhole ? destination : rest, isKeptInCache: false);
                if (!isWhole)
                    new Span<byte>(rest, (count - done) * Parameters.ItemSize).CopyTo(new Span<byte>(destination, (count - done) * Parameters.ItemSize));
            }
        }
        finally
        {
            if (isHeld)
                _code.DangerousRelease();
        }
    }

    /// <summary>Steps of a computation.</summary>
    public int Steps => _offsets.Length;

    /// <summary>Keeps the code until <see cref="Release"/>.</summary>
    public void Hold()
    {
        bool isHeld = false;
        _code.DangerousAddRef(ref isHeld);
    }

    /// <summary>Ends what <see cref="Hold"/> began.</summary>
    public void Release() => _code.DangerousRelease();

    /// <summary>The line of the cache that an address means.</summary>
    public byte* Line(byte* cache, ulong address) => cache + (address & LineMask) * Parameters.ItemSize;

    /// <summary>Begins an item (specification, chapter 7.3), as ManagedCache.InitializeItem does.</summary>
    /// <param name="state">Registers of the items of its batch.</param>
    /// <param name="index">Among them.</param>
    /// <param name="number">Of the item.</param>
    public void Initialize(ulong* state, int index, uint number)
    {
        bool isInVector = index < VectorItems;
        state += isInVector ? index : index * Registers;
        int stride = isInVector ? VectorItems : 1;
        ulong first = (number + 1ul) * ManagedCache.ItemMultiplier;
        state[0] = first;
        for (int i = 1; i < Registers; i++)
            state[i * stride] = first ^ ManagedCache.ItemConstants[i];
    }

    /// <summary>
    /// One step of each of several batches, which finds their next lines of the cache. A batch's are asked for while the batch behind it
    /// computes: those of the last one by the next step, or by <see cref="AskForLines"/>. The code must be held.
    /// </summary>
    /// <param name="step">0 to <see cref="Steps"/> less 1.</param>
    /// <param name="cache">The cache's memory.</param>
    /// <param name="states">Registers of all items.</param>
    /// <param name="lines">Of all items; get the next ones.</param>
    /// <param name="batches">Each of <see cref="BatchItems"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Step(int step, byte* cache, ulong* states, byte** lines, int batches)
    {
        var run = (delegate* unmanaged[Cdecl, SuppressGCTransition]<ulong*, byte**, byte**, LineSource*, void>)(_code.Executable + _offsets[step]);
        LineSource source = new(LineMask * Parameters.ItemSize, (nint)cache);
        byte** found = lines + (batches - 1) * BatchItems;
        for (int batch = 0; batch < batches; batch++)
        {
            byte** batchLines = lines + batch * BatchItems;
            run(states + batch * BatchItems * Registers, batchLines, found, &source);
            found = batchLines;
        }
    }

    /// <summary>Asks for the lines of the last of several batches.</summary>
    public void AskForLines(byte** lines, int batches)
    {
        for (int i = (batches - 1) * BatchItems; i < batches * BatchItems; i++)
            Sse.PrefetchNonTemporal(lines[i]);
    }

    /// <summary>Gives each item to its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(ulong* states, byte** places, int batches)
    {
        for (int batch = 0; batch < batches; batch++)
        {
            ulong* state = states + batch * BatchItems * Registers;
            byte** batchPlaces = places + batch * BatchItems;
            if (VectorItems == 8)
            {
                Block512 block = Block512.Load(state);
                block.Transpose();
                block.Store(batchPlaces);
            }
            else if (VectorItems == 1)
            {
                StoreItem(state, (ulong*)batchPlaces[0], isKeptInCache: true);
            }
            else
            {
                for (int half = 0; half < 2; half++)
                {
                    Block256 block = Block256.Load(state + half * 16);
                    block.Transpose();
                    block.Store(batchPlaces, half * 32);
                }
            }
        }
    }

    public void Dispose() => _code.Dispose();

    // Not zeroed: all of it is written before it is read.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeGroup(byte* cache, ReadOnlySpan<uint> numbers, byte* items, bool isKeptInCache)
    {
        int batches = numbers.Length / BatchItems;
        int batchWords = BatchItems * Registers;
        int stateWords = Batches * batchWords;
        ulong* room = stackalloc ulong[stateWords + Batches * BatchItems + 8];
        // A vector that lies on two lines of the CPU's cache takes longer.
        ulong* states = (ulong*)(((nuint)room + 63) & ~(nuint)63);
        byte** lines = (byte**)(states + stateWords);
        for (int batch = 0, i = 0; batch < batches; batch++)
        {
            for (int index = 0; index < BatchItems; index++, i++)
            {
                lines[i] = Line(cache, numbers[i]);
                Sse.PrefetchNonTemporal(lines[i]);
                Initialize(states + batch * batchWords, index, numbers[i]);
            }
        }
        for (int step = 0; step < Steps; step++)
            Step(step, cache, states, lines, batches);
        for (int batch = 0; batch < batches; batch++)
            StoreItems(states + batch * batchWords, items + batch * BatchItems * Parameters.ItemSize, isKeptInCache);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StoreItems(ulong* state, byte* items, bool isKeptInCache)
    {
        for (int i = VectorItems > 1 ? VectorItems : 0; i < BatchItems; i++)
            StoreItem(state + i * Registers, (ulong*)(items + i * Parameters.ItemSize), isKeptInCache);
        if (VectorItems == 8)
        {
            Block512 block = Block512.Load(state);
            block.Transpose();
            if (isKeptInCache)
                block.Store(items);
            else
                block.StoreNonTemporal(items);
            return;
        }
        if (VectorItems == 1)
            return;
        for (int half = 0; half < 2; half++)
        {
            Block256 block = Block256.Load(state + half * 16);
            block.Transpose();
            if (isKeptInCache)
                block.Store(items + half * 32, Parameters.ItemSize);
            else
                block.StoreNonTemporal(items + half * 32, Parameters.ItemSize);
        }
    }

    private static void StoreItem(ulong* state, ulong* item, bool isKeptInCache)
    {
        for (int i = 0; i < Registers; i += 2)
        {
            Vector128<ulong> words = Vector128.Load(state + i);
            if (isKeptInCache)
                words.Store(item + i);
            else
                words.StoreAlignedNonTemporal(item + i);
        }
    }
}
