using P2PMiner.Mining.RandomX.Managed;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>The cache of the reference tests' first key, made once.</summary>
internal static class TestCache
{
    private static readonly Lazy<ManagedCache> Cache000 = new(() => ManagedCache.Create("test key 000"u8));

    public static ManagedCache Key000 => Cache000.Value;
}
