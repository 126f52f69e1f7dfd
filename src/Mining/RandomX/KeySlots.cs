using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.RandomX;

/// <summary>The slots of the current and the next key, and the lock under which they and their contents change. Thread-safe.</summary>
/// <param name="engine">What the first slots are made with.</param>
/// <param name="memory">Whether there are datasets.</param>
internal sealed class KeySlots(IRandomXEngine engine, MemoryMode memory)
{
    private bool _isClosed;
    private int _generation;
    private volatile IRandomXEngine _engine = engine;

    /// <summary>Other slots are there. Raised outside the lock, before <see cref="StatusChanged"/>.</summary>
    internal event Action? Replaced;

    /// <summary>See <see cref="KeyStore.StatusChanged"/>. Raised outside the lock.</summary>
    internal event Action<KeyStoreStatus>? StatusChanged;

    /// <summary>Held to read or write <see cref="Current"/>, <see cref="Next"/> and what is in them.</summary>
    internal Lock Gate { get; } = new();

    internal KeySlot? Current { get; private set; }

    internal KeySlot? Next { get; private set; }

    internal IRandomXEngine Engine => _engine;

    /// <summary>Whether datasets are made. Changes under the lock.</summary>
    internal MemoryMode Memory { get; private set; } = memory;

    /// <summary>See <see cref="KeyStore.Generation"/>.</summary>
    internal int Generation => Volatile.Read(ref _generation);

    /// <summary>The current slot first.</summary>
    internal IEnumerable<KeySlot> All
    {
        get
        {
            IEnumerable<KeySlot?> slots = [Current, Next];
            return slots.OfType<KeySlot>();
        }
    }

    /// <summary>A snapshot.</summary>
    internal KeyStoreStatus Status
    {
        get
        {
            lock (Gate)
                return new KeyStoreStatus(Generation, [.. All.Select(slot => slot.Status(slot == Current))]);
        }
    }

    internal KeySlot? Find(Hash256 key) => Find(Current, Next, key);

    /// <summary>
    /// Keeps the slots of these keys, makes those that are missing, and retires the others. What could not be made beside another
    /// key is tried once more.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The slots are closed.</exception>
    internal void Set(Hash256 current, Hash256? next)
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(KeyStore));
            if (next == current)
                next = null;
            if (Current?.Key == current && Next?.Key == next)
                return;
            KeySlot? oldCurrent = Current;
            KeySlot? oldNext = Next;
            Current = FindUsable(oldCurrent, oldNext, current) ?? new KeySlot(current, _engine);
            Next = next is Hash256 key ? FindUsable(oldCurrent, oldNext, key) ?? new KeySlot(key, _engine) : null;
            RetireUnlessKept(oldCurrent);
            RetireUnlessKept(oldNext);
            if (Current == oldNext && Current.DatasetState == DatasetState.Failed)
                Current.DropDatasets();
            RaiseGeneration();
        }
        Replaced?.Invoke();
        Report();
    }

    /// <summary>Retires all slots.</summary>
    internal void Clear()
    {
        lock (Gate)
        {
            if (_isClosed || Current is null)
                return;
            Current.Retire();
            Next?.Retire();
            (Current, Next) = (null, null);
            RaiseGeneration();
        }
        Replaced?.Invoke();
        Report();
    }

    /// <summary>Makes all slots anew for another engine.</summary>
    internal void ReplaceEngine(IRandomXEngine engine)
    {
        lock (Gate)
        {
            if (_isClosed || _engine == engine)
                return;
            _engine = engine;
            KeySlot? oldCurrent = Current;
            KeySlot? oldNext = Next;
            Current = oldCurrent is null ? null : new KeySlot(oldCurrent.Key, engine);
            Next = oldNext is null ? null : new KeySlot(oldNext.Key, engine);
            oldCurrent?.Retire();
            oldNext?.Retire();
            RaiseGeneration();
        }
        Replaced?.Invoke();
        Report();
    }

    /// <summary>Makes datasets from now on, or gives them up.</summary>
    internal void SetMemory(MemoryMode memory)
    {
        lock (Gate)
        {
            if (_isClosed || Memory == memory)
                return;
            Memory = memory;
            foreach (KeySlot slot in All)
                slot.DropDatasets();
            RaiseGeneration();
        }
        Replaced?.Invoke();
        Report();
    }

    /// <summary>Gives up the dataset of a key, when others or its file helped with it, and has it made without them.</summary>
    internal void DoubtDataset(Hash256 key)
    {
        lock (Gate)
        {
            if (Find(key) is not { DatasetState: DatasetState.Ready } slot || slot.Progress.ItemsRemote + slot.Progress.ItemsFromFile == 0)
                return;
            slot.IsRemoteDoubted = true;
            slot.DropDatasets();
            RaiseGeneration();
        }
        Replaced?.Invoke();
        Report();
    }

    /// <summary>Changes what is in a slot so that other VMs become possible.</summary>
    internal void Change(Action change)
    {
        lock (Gate)
        {
            change();
            RaiseGeneration();
        }
        Report();
    }

    /// <summary>As <see cref="Change"/>, at the end of work on a slot.</summary>
    internal void Publish(KeySlot slot, Action change) => Change(() =>
    {
        change();
        slot.EndWork();
    });

    /// <summary>Tells of a change that was made under the lock.</summary>
    internal void Report() => StatusChanged?.Invoke(Status);

    /// <summary>Gives up all memory, and takes no more keys.</summary>
    /// <returns>False when that had been done before.</returns>
    internal bool Close()
    {
        lock (Gate)
        {
            if (_isClosed)
                return false;
            _isClosed = true;
            Current?.Retire();
            Next?.Retire();
            (Current, Next) = (null, null);
            return true;
        }
    }

    private static KeySlot? Find(KeySlot? first, KeySlot? second, Hash256 key) =>
        first?.Key == key ? first : second?.Key == key ? second : null;

    private static KeySlot? FindUsable(KeySlot? first, KeySlot? second, Hash256 key) =>
        Find(first, second, key) is { CacheState: not CacheState.Failed } slot ? slot : null;

    private void RetireUnlessKept(KeySlot? slot)
    {
        if (slot is not null && slot != Current && slot != Next)
            slot.Retire();
    }

    private void RaiseGeneration() => Volatile.Write(ref _generation, _generation + 1);
}
