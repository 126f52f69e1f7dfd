using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

[TestFixture]
public sealed class RandomXLibraryTests
{
    [Test]
    public void Library_PassesItsSelfTest()
    {
        RandomXLibrary.EnsureLoaded();
        Assert.That(RandomXLibrary.EnsureProven, Throws.Nothing);
    }

    [Test]
    public void MissingLibrary_IsExplainedInOneLine() =>
        Assert.That(
            () => RandomXLibrary.Open("/nonexistent/librandomx.so"),
            Throws.InstanceOf<RandomXUnavailableException>()
                .With.Message.Contains("/nonexistent/librandomx.so").And.Message.Contains("P2P_MINER_RANDOMX")
                .And.Message.Contains("install").And.Message.Not.Contains("\n"));

    [Test]
    [Platform(Include = "Linux")]
    public void ForeignLibrary_IsRefused() =>
        Assert.That(
            () => RandomXLibrary.Open("libm.so.6"),
            Throws.InstanceOf<RandomXUnavailableException>().With.Message.Contains("randomx_alloc_cache"));

    [Test]
    public void LibraryNames_AreThoseOfThePlatform() =>
        Assert.That(NativeLibraries.RandomXNames, Is.Not.Empty.And.All.Contains("randomx"));
}
