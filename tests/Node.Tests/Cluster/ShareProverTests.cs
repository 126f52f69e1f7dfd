using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster.Shares;

namespace P2PMiner.Node.Tests.Cluster;

public sealed class ShareProverTests
{
    [Test]
    public async Task CheckAsync_OfManyAtOnce_JudgesEachByItself()
    {
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Pages = PagePreference.Thp };
        await using KeyStore store = new(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        Hash256 key = new([.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)]);
        store.SetKeys(key, next: null);
        using LightVerifier light = new(store, TimeProvider.System);
        using ShareProver prover = new(store, light, PagePreference.Thp, () => null, TimeProvider.System, NullLogger.Instance);
        using CancellationTokenSource givingUp = new();
        Task<Proof>[] checks = [.. Enumerable.Range(0, 12).Select(i => prover.CheckAsync(
            key, new byte[76 + i], i % 3 == 0 ? UInt128.MaxValue : UInt128.One, i == 5 ? givingUp.Token : CancellationToken.None))];
        await givingUp.CancelAsync();
        for (int i = 0; i < checks.Length; i++)
        {
            if (i == 5)
            {
                await Task.WhenAny(checks[5]).WaitAsync(TimeSpan.FromMinutes(5));
                Assert.That(checks[5].IsFaulted, Is.False, "computed or cancelled");
                continue;
            }
            Assert.That(await checks[i].WaitAsync(TimeSpan.FromMinutes(5)), Is.EqualTo(i % 3 == 0 ? Proof.Invalid : Proof.Valid), $"check {i}");
        }
    }
}
