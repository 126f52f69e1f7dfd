using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Machines that have a cache and the first part of a dataset: those whose item is held go on with it, the others wait until
/// hardly a machine can go on; then the items that they wait for are computed together, so that batches are full whatever part is held.
/// </summary>
internal sealed unsafe class HybridVm : LaneMachine
{
    /// <summary>So few machines wait themselves, for the dataset: its lines arrive while items are computed for all others.</summary>
    private const int LastReady = 2;

    /// <summary>Machines that run one after the other before it is seen which items they need.</summary>
    private const int GroupSize = 4;

    private readonly byte* _cache;
    private readonly ItemCompiler _items;
    private readonly byte* _held;
    private readonly uint _heldItems;
    private readonly uint[] _numbers;
    private readonly int[] _ready;
    private readonly int[] _begun;
    private readonly int[] _waiting;
    private readonly int[] _left;
    private readonly nint[] _lineOf;
    private readonly LaneCall[] _calls;
    private readonly PagedBlock _lines;
    private int _waitingCount;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="lanes">How many inputs are hashed at once, 1 to <see cref="ItemCompiler.GroupItems"/>.</param>
    /// <param name="cache">The cache's memory; must outlive this object.</param>
    /// <param name="items">Made for that cache; must outlive this object.</param>
    /// <param name="held">The dataset's first items; must outlive this object.</param>
    /// <param name="heldItems">How many.</param>
    /// <param name="pages">Of the scratchpads.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the scratchpads.</exception>
    public HybridVm(RandomXVersion version, int lanes, byte* cache, ItemCompiler items, byte* held, int heldItems, PagePreference pages = PagePreference.Auto)
        : base(version, new ProgramCompiler(version, new LaneSettings(lanes), ProgramForm.Apart), lanes, dataset: null, pages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, items.GroupItems);
        _cache = cache;
        _items = items;
        _held = held;
        _heldItems = (uint)heldItems;
        _numbers = new uint[items.GroupItems];
        (_ready, _begun, _waiting, _left) = (new int[lanes], new int[lanes], new int[lanes], new int[lanes]);
        (_lineOf, _calls) = (new nint[lanes], new LaneCall[GroupSize]);
        _lines = PagedBlock.Allocate("virtual machine", items.GroupItems * Parameters.ItemSize, PagePreference.Normal);
    }

    /// <summary>
    /// How many lanes are best: with little of the dataset two batches of items in flight as without any, with much of it few
    /// scratchpads, because fewer items are computed and more of the time is the programs'.
    /// </summary>
    public static int BestLanes(ItemCompiler items, int heldItems)
    {
        const int FewScratchpadsFromPercent = 45;
        return heldItems < RandomXLibrary.DatasetItemCount / 100 * FewScratchpadsFromPercent ? 2 * items.BatchItems : items.BatchItems;
    }

    public override void Dispose()
    {
        base.Dispose();
        _lines.Dispose();
    }

    private protected override bool CanRest => true;

    private protected override void RunProgram()
    {
        for (int lane = 0; lane < ActiveLanes; lane++)
            (_ready[lane], _left[lane], _lineOf[lane]) = (lane, Parameters.ProgramIterations, 0);
        int ready = ActiveLanes;
        while (ready > 0)
        {
            while (ready > LastReady || (ready > 0 && _waitingCount == 0))
                ready = Advance(ready);
            Times?.End(HashStage.Execute);
            ready = ComputeWaiting(ready);
            Times?.End(HashStage.Items);
        }
    }

    /// <summary>One iteration of every machine whose item is there.</summary>
    /// <returns>How many of them can go on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Advance(int ready)
    {
        int begun = 0;
        int taken = 0;
        int still = 0;
        for (int done = 0; ;)
        {
            // One group ahead of the one that runs: scratchpad lines arrive meanwhile, and lines of the dataset, which a group asks
            // for, while all groups behind it run.
            for (; taken < ready && begun < done + 2 * GroupSize; taken++)
            {
                if (Begin(_ready[taken]))
                    _begun[begun++] = _ready[taken];
            }
            int count = Math.Min(GroupSize, begun - done);
            if (count == 0)
                return still;
            for (int i = 0; i < count; i++)
                _calls[i] = Compiler.CallOf(_begun[done + i], Contexts + _begun[done + i]);
            Compiler.Run(_calls.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                if (TakeItem(_begun[done + i]))
                    _ready[still++] = _begun[done + i];
            }
            done += count;
        }
    }

    /// <summary>Ends the iteration before, with its item; false where that was the last one.</summary>
    private bool Begin(int lane)
    {
        if (_lineOf[lane] == 0)
            return true;
        LockstepVm.Leave(Contexts + lane, (ulong*)_lineOf[lane]);
        return --_left[lane] > 0;
    }

    /// <summary>Asks for the item that the iteration needs; false where it is not held.</summary>
    private bool TakeItem(int lane)
    {
        LaneContext* context = Contexts + lane;
        uint number = (uint)(((nuint)context->Dataset + context->DatasetLine) / Parameters.ItemSize);
        if (number >= _heldItems)
        {
            _numbers[_waitingCount] = number;
            _waiting[_waitingCount++] = lane;
            return false;
        }
        byte* line = _held + (nuint)number * Parameters.ItemSize;
        Sse.PrefetchNonTemporal(line);
        _lineOf[lane] = (nint)line;
        return true;
    }

    private int ComputeWaiting(int ready)
    {
        int whole = (_waitingCount + _items.BatchItems - 1) / _items.BatchItems * _items.BatchItems;
        if (whole > 0)
            _items.Compute(_cache, _numbers.AsSpan(0, whole), _lines.Address);
        for (int i = 0; i < _waitingCount; i++)
        {
            _ready[ready + i] = _waiting[i];
            _lineOf[_waiting[i]] = (nint)_lines.Address + i * Parameters.ItemSize;
        }
        ready += _waitingCount;
        _waitingCount = 0;
        return ready;
    }
}
