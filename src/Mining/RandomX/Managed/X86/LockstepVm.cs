using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Machines that have a cache and no dataset: all of them run one iteration, then the items that they need are computed
/// together, so that their cache misses overlap and vectors are full.
/// </summary>
internal sealed unsafe class LockstepVm : LaneMachine
{
    /// <summary>A batch takes as long as so many items one by one.</summary>
    private const int MaxSingleItems = 2;

    private readonly byte* _cache;
    private readonly ItemCompiler _items;
    private readonly ItemCompiler? _single;
    private readonly uint[] _numbers;
    private readonly PagedBlock _lines;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="lanes">How many inputs are hashed at once, 1 to <see cref="ItemCompiler.GroupItems"/>.</param>
    /// <param name="cache">The cache's memory; must outlive this object.</param>
    /// <param name="items">Made for that cache; must outlive this object.</param>
    /// <param name="pages">Of the scratchpads.</param>
    /// <param name="single">Computes items one by one, for the time when one or two lanes hash; made for the same cache.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the scratchpads.</exception>
    public LockstepVm(RandomXVersion version, int lanes, byte* cache, ItemCompiler items, PagePreference pages = PagePreference.Auto, ItemCompiler? single = null)
        : base(version, new ProgramCompiler(version, new LaneSettings(lanes), ProgramForm.InStep), lanes, dataset: null, pages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, items.GroupItems);
        _cache = cache;
        _items = items;
        _single = single;
        _numbers = new uint[items.GroupItems];
        _lines = PagedBlock.Allocate("virtual machine", items.GroupItems * Parameters.ItemSize, PagePreference.Normal);
    }

    public override void Dispose()
    {
        base.Dispose();
        _lines.Dispose();
    }

    private protected override bool CanRest => true;

    private protected override void RunProgram()
    {
        ItemCompiler items = _single is not null && ActiveLanes <= MaxSingleItems ? _single : _items;
        ReadOnlySpan<uint> numbers = _numbers.AsSpan(0, (ActiveLanes + items.BatchItems - 1) / items.BatchItems * items.BatchItems);
        for (int iteration = 0; iteration < Parameters.ProgramIterations; iteration++)
        {
            Compiler.Run(Contexts);
            Times?.End(HashStage.Execute);
            for (int lane = 0; lane < ActiveLanes; lane++)
                _numbers[lane] = (uint)(((nuint)Contexts[lane].Dataset + Contexts[lane].DatasetLine) / Parameters.ItemSize);
            items.Compute(_cache, numbers, _lines.Address);
            Times?.End(HashStage.Items);
            for (int lane = 0; lane < ActiveLanes; lane++)
                Leave(Contexts + lane, (ulong*)(_lines.Address + lane * Parameters.ItemSize));
            Times?.End(HashStage.Leave);
        }
    }

    // Specification, chapter 4.6.2: steps 7 to 9 and 11, then step 1 of the next iteration. The two lines can be the same.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Leave(LaneContext* context, ulong* item)
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
}
