using System.Runtime.CompilerServices;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Dataset items that are computed together in as many steps as there are superscalar programs, so that a thread can do
/// other work between two steps, while the cache's lines for the next one arrive. For one thread.
/// </summary>
internal sealed unsafe class ItemBatch : IDisposable
{
    /// <summary>So many items keep a vector of the widest kind full; narrower ones take turns.</summary>
    public const int MostItems = 8;

    /// <summary>More vectors than these do not take turns: each of their items has a machine with a scratchpad.</summary>
    private const int MostVectors = 3;

    private readonly byte* _cache;
    private readonly ItemCompiler _items;
    private readonly PagedBlock _memory;
    private readonly ulong* _states;
    private readonly byte** _lines;
    private readonly byte** _places;
    private int _step;

    /// <param name="cache">The cache's memory; must outlive this object.</param>
    /// <param name="items">Made for that cache, and not for datasets; its code is kept until this object is disposed.</param>
    public ItemBatch(byte* cache, ItemCompiler items)
    {
        _cache = cache;
        _items = items;
        Capacity = CapacityOf(items.BatchItems);
        int stateSize = Capacity * Parameters.ItemSize;
        _memory = PagedBlock.Allocate("dataset items", stateSize + Parameters.ItemSize + 2 * Capacity * sizeof(byte*), PagePreference.Normal);
        _states = (ulong*)_memory.Address;
        Unwanted = _memory.Address + stateSize;
        _lines = (byte**)(Unwanted + Parameters.ItemSize);
        _places = _lines + Capacity;
        items.Hold();
    }

    /// <summary>How many items a batch has at most.</summary>
    public int Capacity { get; }

    /// <summary>Whether there is one vector of items, not several that take turns, so that the cache's lines for one arrive during the others.</summary>
    public bool IsOneVector => Capacity == _items.BatchItems;

    /// <summary>Items in this batch.</summary>
    public int Count { get; private set; }

    /// <summary>Whether steps are left.</summary>
    public bool IsRunning => Count > 0;

    // Items that fill up a vector go here.
    private byte* Unwanted { get; }

    /// <summary>How many items a batch has at most.</summary>
    /// <param name="batchItems">As <see cref="ItemCompiler.BatchItems"/>.</param>
    public static int CapacityOf(int batchItems) => Math.Min(MostItems, batchItems * MostVectors);

    /// <summary>Adds an item, before the first step; its line of the cache should be on its way (<see cref="FirstLine"/>).</summary>
    /// <param name="number">Of the item.</param>
    /// <param name="place">Where it goes, 64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint number, byte* place)
    {
        Put(Count, number, place);
        Count++;
    }

    /// <summary>The line of the cache that an item needs first.</summary>
    public byte* FirstLine(uint number) => _items.Line(_cache, number);

    /// <summary>Runs the next program for all items and asks for the lines that come after it.</summary>
    /// <returns>Whether all items are computed: the batch is empty then.</returns>
    public bool Step()
    {
        int width = _items.BatchItems;
        int batches = (Count + width - 1) / width;
        if (_step == 0)
        {
            for (int i = Count; i < batches * width; i++)
            {
                _places[i] = Unwanted;
                _lines[i] = _lines[Count - 1];
            }
        }
        _items.Step(_step, _cache, _states, _lines, batches);
        if (++_step < _items.Steps)
        {
            _items.AskForLines(_lines, batches);
            return false;
        }
        _items.Store(_states, _places, batches);
        Clear();
        return true;
    }

    /// <summary>Forgets all items.</summary>
    public void Clear() => (Count, _step) = (0, 0);

    public void Dispose()
    {
        _items.Release();
        _memory.Dispose();
    }

    private void Put(int index, uint number, byte* place)
    {
        _places[index] = place;
        _lines[index] = FirstLine(number);
        // Always a power of 2: a division would take as long as all the rest.
        int column = index & (_items.BatchItems - 1);
        _items.Initialize(_states + (index - column) * ItemCompiler.Registers, column, number);
    }
}
