using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Tests.RandomX.Engines;

namespace P2PMiner.Mining.Tests.RandomX;

public sealed class FirstDatasetTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    [Test]
    public async Task FirstDataset_WaitsForTheFirstHash_ButNotForLong([Values] bool isHashed)
    {
        using CancellationTokenSource deadline = new(Deadline);
        // Counts the datasets that are begun.
        ControlledEngine engine = new(new ManagedEngine()) { IsDatasetMemoryShort = true };
        HeldTime time = new();
        KeyStoreOptions options = new() { Memory = MemoryMode.Full, BuilderThreads = 1, Engine = engine };
        await using KeyStore store = new(options, time, NullLogger<KeyStore>.Instance);
        TaskCompletionSource firstHash = new();
        store.LetGoFirst(firstHash.Task);
        store.SetKeys(Hash256.Zero, null);

        while (time.Pending is null)
            await Task.Delay(5, deadline.Token);
        using IHasher? hasher = store.TryCreateVm(Hash256.Zero, 0, out _);
        Assert.That(hasher, Is.Not.Null, "the hash has what it needs");
        Assert.That(engine.Refused, Is.Zero);

        if (isHashed)
            firstHash.SetResult();
        else
            time.Pending();
        while (engine.Refused == 0)
            await Task.Delay(5, deadline.Token);
    }

    /// <summary>Timers end when the test says so.</summary>
    private sealed class HeldTime : TimeProvider, ITimer
    {
        private volatile Action? _pending;

        public Action? Pending => _pending;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _pending = () => callback(state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
