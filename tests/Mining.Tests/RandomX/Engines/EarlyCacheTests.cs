using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

public sealed class EarlyCacheTests
{
    private static byte[] Key => "test key 000"u8.ToArray();

    /// <summary>The hash is that of RandomX' own tests.</summary>
    [Test]
    public void EngineThatIsAskedForItsKey_TakesIt_Once()
    {
        using EarlyCache early = Begin(PagePreference.Auto);
        ManagedEngine engine = new(new ManagedEngineOptions { EarlyCache = early });
        using IRandomXCache cache = engine.CreateCache(Key, PagePreference.Auto);
        Assert.That(early.TryTake(Key, PagePreference.Auto), Is.Null);
        using IHasher hasher = engine.CreateLight(cache, PagePreference.Auto);
        byte[] hash = new byte[Hash256.Size];
        hasher.CalculateHash("This is a test"u8, hash);
        Assert.That(Convert.ToHexStringLower(hash), Is.EqualTo("639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f"));
    }

    [Test]
    public void OtherCache_IsMadeAsEver([Values] bool isOtherKey)
    {
        byte[] key = isOtherKey ? [1] : Key;
        PagePreference pages = isOtherKey ? PagePreference.Auto : PagePreference.Normal;
        using EarlyCache early = Begin(PagePreference.Auto);
        using IRandomXCache cache = new ManagedEngine(new ManagedEngineOptions { EarlyCache = early }).CreateCache(key, pages);
        Assert.That(cache.Key.ToArray(), Is.EqualTo(key));
        Assert.That(early.TryTake(Key, PagePreference.Auto), Is.Null, "nobody needs it");
    }

    [Test]
    public void WithoutMemory_TheErrorIsToldOnce_AndTheNextOneIsMadeAnew()
    {
        if (OperatingSystem.IsLinux() && File.ReadAllText("/proc/sys/vm/nr_hugepages").Trim() != "0")
            Assert.Ignore("this machine has huge pages reserved");
        using EarlyCache early = Begin(PagePreference.Huge);
        Assert.That(() => early.TryTake(Key, PagePreference.Huge), Throws.InstanceOf<InsufficientMemoryException>());
        Assert.That(early.TryTake(Key, PagePreference.Huge), Is.Null);
    }

    [Test]
    public void GivenUp_CannotBeTaken()
    {
        EarlyCache early = Begin(PagePreference.Auto);
        early.Dispose();
        Assert.That(early.TryTake(Key, PagePreference.Auto), Is.Null);
    }

    [Test]
    public void WithEngineNative_NothingIsBegun() => Assert.That(EarlyCache.TryBegin(EngineKind.Native, Key, PagePreference.Auto), Is.Null);

    private static EarlyCache Begin(PagePreference pages)
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        return EarlyCache.TryBegin(EngineKind.Auto, Key, pages)!;
    }
}
