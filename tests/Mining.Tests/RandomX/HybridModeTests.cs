using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Hashing with a part of a dataset.</summary>
public sealed class HybridModeTests
{
    private const int PartItems = 3 << 14;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly Hash256 Key = new([.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)]);

    [Test]
    public async Task KeyStore_HoldsAPart_AndHashesAsInLightMode()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        await using KeyStore store = Create(new ManagedEngine());
        KeyStatus ready = await WaitForDatasetAsync(store, DatasetState.Ready);
        Assert.That(ready.DatasetTime, Is.Not.Null);
        using IHasher? hybrid = store.TryCreateVm(Key, 0, out bool isFull);
        using IHasher? light = store.TryCreateVerifier(Key, isCompiled: true);
        Assert.That(isFull, Is.True, "the best that this store will give");
        Assert.That(hybrid!.IsFull, Is.False);
        byte[] inputs = new byte[hybrid.Lanes * 76];
        new Random(2).NextBytes(inputs);
        byte[] hashes = new byte[hybrid.Lanes * Hash256.Size];
        byte[] expected = new byte[Hash256.Size];
        hybrid.First(inputs);
        hybrid.Next(inputs, hashes);
        for (int lane = 0; lane < hybrid.Lanes; lane++)
        {
            light!.CalculateHash(inputs.AsSpan(lane * 76, 76), expected);
            Assert.That(hashes.AsSpan(lane * Hash256.Size, Hash256.Size).ToArray(), Is.EqualTo(expected), $"lane {lane}");
        }
    }

    [Test]
    public async Task KeyStore_OfAnEngineThatNeedsTheWholeDataset_StaysLight()
    {
        await using KeyStore store = Create(new NativeEngine());
        await WaitForDatasetAsync(store, DatasetState.Failed);
        using IHasher? hasher = store.TryCreateVm(Key, 0, out bool isFull);
        Assert.That((hasher is null, isFull), Is.EqualTo((false, false)));
    }

    private static KeyStore Create(IRandomXEngine engine) => new(
        new KeyStoreOptions { Memory = MemoryMode.Hybrid, PartItems = PartItems, BuilderThreads = 1, Engine = engine, Pages = PagePreference.Thp },
        TimeProvider.System, new RecordingLogger(), PartItems);

    private static async Task<KeyStatus> WaitForDatasetAsync(KeyStore store, DatasetState state)
    {
        TaskCompletionSource<KeyStatus> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        store.StatusChanged += status =>
        {
            if (status.Keys.FirstOrDefault(key => key.Dataset == state) is KeyStatus key)
                found.TrySetResult(key);
        };
        store.SetKeys(Key, next: null);
        return await found.Task.WaitAsync(Deadline);
    }
}
