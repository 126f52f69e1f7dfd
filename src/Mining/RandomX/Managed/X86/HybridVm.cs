using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Machines that have a cache and the first part of a dataset, or none of it. The item that ends an iteration is known one
/// iteration before (specification, chapter 4.6.2, step 5). Where it is held its line is asked for; else it is computed in a
/// batch with other machines' items, and between two steps of the batch machines run, so that the cache's lines arrive meanwhile.
/// </summary>
/// <remarks>
/// A machine whose item is held can run at any time. One whose item is in the batch under way can run once: its iteration is left
/// open until the item is there. One whose item waits for the next batch does not run, so that there is work beside that batch.
/// </remarks>
internal sealed unsafe class HybridVm : LaneMachine
{
    /// <summary>The most lanes.</summary>
    public const int MaxLanes = 24;

    /// <summary>A batch takes as long as so many items one by one.</summary>
    private const int MaxSingleItems = 2;

    /// <summary>Machines that run one after the other before it is seen which items they need.</summary>
    private const int MaxGroup = 4;

    /// <summary>A batch that is not full begins when no more machines than these can run without it: a single one would wait for memory.</summary>
    private const int LastReady = 1;

    /// <summary>A smaller part of the dataset disturbs the batches more than it spares items: it is left unread.</summary>
    private const int LeastPercent = 10;

    // A power of 2 that is greater than the number of lanes.
    private const int RingSize = 32;

    private readonly byte* _held;
    private readonly uint _heldItems;
    private readonly int _group;
    private readonly ItemBatch _wide;
    private readonly ItemBatch? _single;
    private readonly LineToucher? _toucher;
    private readonly PagedBlock _memory;
    private readonly Lane* _lanes;
    private readonly LaneCall* _calls;
    private readonly byte** _wanted;
    private readonly Lane** _ready;
    private readonly Lane** _queue;
    private readonly Lane** _ran;
    private readonly Lane** _computed;
    private ItemBatch _batch;
    private uint _readyHead;
    private uint _readyTail;
    private uint _queueHead;
    private uint _queueTail;
    private int _ranCount;
    private int _computedCount;
    private int _opened;
    private int _wantedCount;
    private int _heldWanted;
    private int _running;
    private Func<bool> _isWanted = static () => true;
    private bool _isGivenUp;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="lanes">How many inputs are hashed at once, 1 to <see cref="MaxLanes"/>.</param>
    /// <param name="cache">The cache's memory; must outlive this object.</param>
    /// <param name="items">Made for that cache; its code is kept until this object is disposed.</param>
    /// <param name="held">The dataset's first items; must outlive this object.</param>
    /// <param name="heldItems">How many, or 0.</param>
    /// <param name="pages">Of the scratchpads.</param>
    /// <param name="single">Computes items one by one, for the time when one or two lanes hash; made for the same cache.</param>
    /// <param name="rounding">Where the code has its rounding modes; null for the faster one.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the scratchpads.</exception>
    public HybridVm(
        RandomXVersion version, int lanes, byte* cache, ItemCompiler items, byte* held, int heldItems,
        PagePreference pages = PagePreference.Auto, ItemCompiler? single = null, RoundingKind? rounding = null)
        : base(
            version, new ProgramCompiler(version, new LaneSettings(lanes) { Rounding = rounding ?? LaneSettings.BestRounding }, ProgramForm.Apart), lanes,
            dataset: null, pages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, MaxLanes);
        _held = held;
        _heldItems = (uint)heldItems;
        _group = GroupOf(heldItems);
        try
        {
            _batch = _wide = new ItemBatch(cache, items);
            _single = single is null ? null : new ItemBatch(cache, single);
            _toucher = heldItems > 0 ? LineToucher.TryCreate() : null;
            const int Calls = ItemBatch.MostItems + MaxGroup;
            const int Lists = 5;
            int size = lanes * (Parameters.ItemSize + sizeof(Lane)) + Calls * sizeof(LaneCall) + Lists * RingSize * sizeof(void*);
            _memory = PagedBlock.Allocate("virtual machine", size, PagePreference.Normal);
            byte* places = _memory.Address;
            _lanes = (Lane*)(places + lanes * Parameters.ItemSize);
            _calls = (LaneCall*)(_lanes + lanes);
            _wanted = (byte**)(_calls + Calls);
            _ready = (Lane**)(_wanted + RingSize);
            _queue = _ready + RingSize;
            _ran = _queue + RingSize;
            _computed = _ran + RingSize;
            for (int lane = 0; lane < lanes; lane++)
            {
                LaneContext* context = Contexts + lane;
                _lanes[lane] = new Lane { Number = lane, Context = context, Place = places + lane * Parameters.ItemSize };
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Machines that have a cache and nothing of a dataset.</summary>
    /// <inheritdoc cref="HybridVm(RandomXVersion, int, byte*, ItemCompiler, byte*, int, PagePreference, ItemCompiler?, RoundingKind?)"/>
    public static HybridVm CreateLight(
        RandomXVersion version, int lanes, byte* cache, ItemCompiler items, PagePreference pages = PagePreference.Auto, ItemCompiler? single = null,
        RoundingKind? rounding = null) =>
        new(version, lanes, cache, items, held: null, heldItems: 0, pages, single, rounding);

    /// <summary>How many of the items that are held are best used: all or none of them.</summary>
    public static int UsedItems(int heldItems) => heldItems < RandomXLibrary.DatasetItemCount / 100 * LeastPercent ? 0 : heldItems;

    /// <summary>
    /// How many lanes are best: so many that a batch of items is full, and one that goes on with held items. With more of them
    /// their scratchpads have no room in the caches.
    /// </summary>
    /// <param name="items">Computes the others.</param>
    /// <param name="hasPart">Whether items are held and used.</param>
    public static int BestLanes(ItemCompiler items, bool hasPart) => BestLanes(items.BatchItems, hasPart);

    /// <inheritdoc cref="BestLanes(ItemCompiler, bool)"/>
    /// <param name="batchItems">As <see cref="ItemCompiler.BatchItems"/>.</param>
    /// <param name="hasPart">Whether items are held and used.</param>
    public static int BestLanes(int batchItems, bool hasPart) => ItemBatch.CapacityOf(batchItems) + (hasPart ? 1 : 0);

    public override void Dispose()
    {
        base.Dispose();
        // Null where the constructor found no memory for all.
        _wide?.Dispose();
        _single?.Dispose();
        _toucher?.Dispose();
        _memory?.Dispose();
    }

    private protected override bool CanRest => true;

    /// <remarks>A lane goes on to its next program while others are still in the one before: half-full batches at the end of each cost as much as full ones.</remarks>
    public override bool TryRun(Func<bool> isWanted)
    {
        CompilePrograms(isFirst: true);
        Compiler.Hold();
        try
        {
            _isWanted = isWanted;
            Begin();
            RunLanes();
            return _running == 0;
        }
        finally
        {
            Compiler.Release();
        }
    }

    // For each iteration whose item is computed so many run, counting itself: they are spread over the steps of the batch.
    private static int GroupOf(int heldItems)
    {
        double computed = 1 - (double)heldItems / RandomXLibrary.DatasetItemCount;
        return (int)Math.Clamp(Math.Round(1 / Math.Max(computed, 1.0 / MaxGroup)), 1, MaxGroup);
    }

    private void Begin()
    {
        _batch = _single is not null && ActiveLanes <= MaxSingleItems ? _single : _wide;
        _batch.Clear();
        (_readyHead, _readyTail, _queueHead, _queueTail) = (0, 0, 0, 0);
        (_ranCount, _computedCount, _opened, _wantedCount, _heldWanted, _running) = (0, 0, 0, 0, 0, ActiveLanes);
        _isGivenUp = false;
        for (Lane* lane = _lanes; lane < _lanes + ActiveLanes; lane++)
        {
            lane->Call = Compiler.CallOf(lane->Number, lane->Context);
            (lane->Left, lane->ProgramsLeft) = (Parameters.ProgramIterations, Parameters.ProgramCount);
            Want(lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunLanes()
    {
        while (_running > 0 && !_isGivenUp)
        {
            if (!_batch.IsRunning && IsBatchDue())
                BeginBatch();
            if (!_batch.IsRunning)
            {
                RunReady();
                Times?.End(HashStage.Execute);
                continue;
            }
            Fetch();
            // Before each step, the first one too: its lines of the cache are on their way as well. Vectors that take turns hide that way by
            // themselves, so that the machines run at once then, and the steps one after the other.
            Advance(Math.Min(_batch.IsOneVector ? 1 : ItemBatch.MostItems, _computedCount - _opened), _group);
            Times?.End(HashStage.Execute);
            bool isEnd = _batch.Step();
            // Not before the step: what the machines need is known by now, so nothing waits for it.
            Settle();
            if (isEnd)
                EndBatch();
            Times?.End(HashStage.Items);
        }
    }

    // Half of them where the others' lines were asked for last: these are touched, and asked for when the half has run.
    private void RunReady()
    {
        int ready = (int)(_readyTail - _readyHead);
        int half = Math.Clamp((ready + 1) / 2, 1, MaxGroup);
        if (_toucher is not null && _wantedCount is > 0 and <= LineToucher.Lines && ready - half >= _heldWanted)
        {
            for (int i = _wantedCount; i < LineToucher.Lines; i++)
                _wanted[i] = _wanted[0];
            _toucher.Touch(_wanted);
            Advance(open: 0, half);
            Fetch();
        }
        else
        {
            Fetch();
            Advance(open: 0, MaxGroup);
        }
        Settle();
    }

    private bool IsBatchDue() =>
        _queueTail != _queueHead && (_readyTail - _readyHead <= LastReady || _queueTail - _queueHead >= (uint)_batch.Capacity);

    private void BeginBatch()
    {
        if (_queueTail - _queueHead > (uint)_batch.Capacity)
            PutMostAdvancedLast();
        while (_queueHead != _queueTail && _batch.Count < _batch.Capacity)
        {
            Lane* lane = _queue[_queueHead++ % RingSize];
            _computed[_batch.Count] = lane;
            _batch.Add(lane->Item, lane->Place);
        }
        (_computedCount, _opened) = (_batch.Count, 0);
    }

    // How many items a lane needs computed is chance: with all of them in turn, some would be left in the end, and their batches half empty.
    private void PutMostAdvancedLast()
    {
        uint last = _queueTail - 1;
        uint most = last;
        for (uint i = _queueHead; i != last; i++)
        {
            if (Remaining(_queue[i % RingSize]) < Remaining(_queue[most % RingSize]))
                most = i;
        }
        Lane* lane = _queue[most % RingSize];
        _queue[most % RingSize] = _queue[last % RingSize];
        _queue[last % RingSize] = lane;
    }

    private static int Remaining(Lane* lane) => lane->ProgramsLeft * Parameters.ProgramIterations + lane->Left;

    private void EndBatch()
    {
        // All of them ran: there are as many steps as a batch has items at most.
        for (int i = 0; i < _computedCount; i++)
            EndIteration(_computed[i], _computed[i]->Place);
    }

    /// <summary>Runs one iteration of some of the machines that can.</summary>
    /// <param name="open">How many whose item is in the batch.</param>
    /// <param name="most">How many of the others at most.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(int open, int most)
    {
        int count = 0;
        LaneCall* calls = _calls;
        for (; count < open; count++)
        {
            Lane* lane = _computed[_opened++];
            lane->Context->Item = null;
            calls[count] = lane->Call;
        }
        for (; count < open + most && _readyHead != _readyTail; count++)
        {
            Lane* lane = _ready[_readyHead++ % RingSize];
            _ran[_ranCount++] = lane;
            // The last iteration is left open: it keeps f and e for the seed of the next program.
            lane->Context->Item = lane->Left == 1 ? null : lane->Line;
            calls[count] = lane->Call;
        }
        if (count > 0)
            Compiler.Run(calls, count);
    }

    /// <summary>Sees what the machines need that ran with a held item.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Settle()
    {
        for (int i = 0; i < _ranCount; i++)
        {
            Lane* lane = _ran[i];
            if (lane->Left == 1)
            {
                EndIteration(lane, lane->Line);
                continue;
            }
            lane->Left--;
            Want(lane);
        }
        _ranCount = 0;
    }

    /// <summary>Ends an iteration that was left open.</summary>
    private void EndIteration(Lane* lane, byte* item)
    {
        Leave(lane->Context, (ulong*)item);
        if (--lane->Left > 0)
            Want(lane);
        else if (--lane->ProgramsLeft == 0)
            _running--;
        else
            BeginNextProgram(lane);
    }

    private void BeginNextProgram(Lane* lane)
    {
        if (_isGivenUp || !_isWanted())
        {
            _isGivenUp = true;
            return;
        }
        Times?.End(HashStage.Execute);
        CompileNextProgram(lane->Number);
        lane->Left = Parameters.ProgramIterations;
        Want(lane);
    }

    /// <summary>Asks for the item that the next iteration needs in the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Want(Lane* lane)
    {
        LaneContext* context = lane->Context;
        nuint place = (nuint)context->Dataset + ((nuint)(context->MxMa >> 32) & LaneSettings.AllLines);
        uint number = (uint)(place / Parameters.ItemSize);
        byte* line = _held + place;
        nint first = (nint)_batch.FirstLine(number);
        // Which items are held is random, so a branch would be predicted wrongly: the lane is put into both rings, and counted in one.
        int isHeld = (int)(((long)number - _heldItems) >>> 63);
        lane->Line = line;
        lane->Item = number;
        _ready[_readyTail % RingSize] = lane;
        _queue[_queueTail % RingSize] = lane;
        _readyTail += (uint)isHeld;
        _queueTail += 1 - (uint)isHeld;
        _heldWanted += isHeld;
        _wanted[_wantedCount++] = (byte*)(first ^ ((first ^ (nint)line) & -(nint)isHeld));
    }

    // All at once, so that what it takes to find their pages overlaps.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fetch()
    {
        for (int i = 0; i < _wantedCount; i++)
            Sse.PrefetchNonTemporal(_wanted[i]);
        (_wantedCount, _heldWanted) = (0, 0);
    }

    // Specification, chapter 4.6.2: steps 7 to 9 and 11, then step 1 of the next iteration. The two lines can be the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave(LaneContext* context, ulong* item)
    {
        RegisterFile* registers = &context->Registers;
        Vector256<ulong> low = Vector256.Load(registers->R) ^ Vector256.Load(item);
        Vector256<ulong> high = Vector256.Load(registers->R + 4) ^ Vector256.Load(item + 4);
        low.Store(registers->R);
        high.Store(registers->R + 4);
        ulong mix = registers->R[context->AddressRegister0] ^ registers->R[context->AddressRegister1];
        context->ScratchpadAddress0 = (uint)mix & ScratchpadMask.L3Line;
        context->ScratchpadAddress1 = (uint)(mix >> 32) & ScratchpadMask.L3Line;
        Sse.Prefetch0(context->Scratchpad + context->ScratchpadAddress0);
        Sse.Prefetch0(context->Scratchpad + context->ScratchpadAddress1);
        low.Store((ulong*)context->Line1);
        high.Store((ulong*)context->Line1 + 4);
        Vector256.Load(registers->F).Store((double*)context->Line0);
        Vector256.Load(registers->F + 4).Store((double*)context->Line0 + 4);
    }

    /// <summary>Where a machine is, and what it needs next.</summary>
    private struct Lane
    {
        /// <summary>Among all lanes.</summary>
        public int Number;

        /// <summary>Number of the item that ends its iteration.</summary>
        public uint Item;

        /// <summary>Iterations left of its program, the one under way too.</summary>
        public int Left;

        /// <summary>Programs left of its hash, the one under way too.</summary>
        public int ProgramsLeft;

        public LaneContext* Context;

        public LaneCall Call;

        /// <summary>The item, where it is held.</summary>
        public byte* Line;

        /// <summary>Where the item goes when it is computed.</summary>
        public byte* Place;
    }
}
