using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Re-checks of several hits at once; those of one are in <see cref="KeyStoreTests"/>.</summary>
public sealed class LightVerifierTests
{
    [Test]
    public async Task TryHash_OfSeveralBlobs_GivesWhatEachGives([Values] bool isManaged)
    {
        IRandomXEngine engine = isManaged ? new ManagedEngine() : new NativeEngine();
        await using KeyStore store = new(
            new KeyStoreOptions { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = engine }, TimeProvider.System, new RecordingLogger(), 1);
        Hash256 key = new([.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)]);
        store.SetKeys(key, next: null);
        await store.WaitForCacheAsync(key, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(5));
        using LightVerifier verifier = new(store, TimeProvider.System);
        ReadOnlyMemory<byte>[] blobs = [.. Enumerable.Range(0, 18).Select(i => (ReadOnlyMemory<byte>)new byte[70 + i])];
        byte[] hashes = new byte[blobs.Length * Hash256.Size];
        Assert.That(verifier.TryHash(key, blobs, hashes), Is.True);
        byte[] single = new byte[Hash256.Size];
        foreach (int i in new[] { 0, 7, 17 })
        {
            Assert.That(verifier.TryHash(key, blobs[i].Span, single), Is.True);
            Assert.That(hashes.AsSpan(i * Hash256.Size, Hash256.Size).ToArray(), Is.EqualTo(single), $"blob {i}");
        }
        Assert.That(verifier.TryHash(Hash256.Zero, blobs, hashes), Is.False);
    }
}
