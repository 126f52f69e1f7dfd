using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>What becomes of a cache that cannot be made: two threads work on it, and either can fail.</summary>
public sealed class ManagedCacheTests
{
    private static readonly byte[] LongKey = new byte[RandomXLibrary.MaxKeySize + 1];

    [Test]
    public void Argon2sFailure_IsToldEvenWhenTheOtherThreadFailsToo() =>
        Assert.That(() => ManagedCache.CreateSmall(LongKey, blocks: 6), Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("blocks"));

    [Test]
    public void FailureOfTheOtherThreadAlone_IsTold() =>
        Assert.That(() => ManagedCache.CreateSmall(LongKey, blocks: 8), Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("seed.Length"));

    [Test]
    public void Cancellation_EndsBoth() =>
        Assert.That(
            () => ManagedCache.Create([1], PagePreference.Normal, new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
}
