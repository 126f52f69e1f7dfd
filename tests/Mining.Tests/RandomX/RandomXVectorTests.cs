using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Known answers of the reference tests, through every code path that this CPU can run.</summary>
[TestFixture]
public sealed class RandomXVectorTests
{
    private static readonly Dictionary<string, RandomXCache> Caches = [];

    [OneTimeTearDown]
    public void FreeCaches()
    {
        foreach (RandomXCache cache in Caches.Values)
            cache.Dispose();
        Caches.Clear();
    }

    [Test]
    public void Hash_MatchesReferenceTests(
        [Values(
            RandomXFlags.None,
            RandomXFlags.HardAes,
            RandomXFlags.Jit,
            RandomXFlags.Jit | RandomXFlags.HardAes,
            RandomXFlags.Jit | RandomXFlags.HardAes | RandomXFlags.Secure)]
        RandomXFlags flags)
    {
        SkipUnsupported(flags);
        foreach (JsonElement vector in VectorFile.Read("randomx-hashes.json"))
        {
            using RandomXVm vm = RandomXVm.CreateLight(Cache(vector.Text("key")), flags, PagePreference.Auto);
            var hash = new byte[RandomXLibrary.HashSize];
            vm.CalculateHash(vector.Hex("input"), hash);
            Assert.That(hash, Is.EqualTo(vector.Hex("hash")), vector.Text("name"));
            Assert.That(vm.Key.ToArray(), Is.EqualTo(vector.Hex("key")));
        }
    }

    [Test]
    public void Pipeline_MatchesReferenceTests()
    {
        foreach (IGrouping<string, JsonElement> group in VectorFile.Read("randomx-hashes.json").GroupBy(v => v.Text("key")))
        {
            using RandomXVm vm = RandomXVm.CreateLight(Cache(group.Key), RandomXCpu.SupportedFlags, PagePreference.Auto);
            JsonElement[] vectors = [.. group];
            var hash = new byte[RandomXLibrary.HashSize];
            vm.First(vectors[0].Hex("input"));
            for (int i = 1; i < vectors.Length; i++)
            {
                vm.Next(vectors[i].Hex("input"), hash);
                Assert.That(hash, Is.EqualTo(vectors[i - 1].Hex("hash")));
            }
            vm.Last(hash);
            Assert.That(hash, Is.EqualTo(vectors[^1].Hex("hash")));
        }
    }

    [Test]
    public void MisquotedVector_BelongsToTheOtherKey()
    {
        JsonElement lorem = VectorFile.Read("randomx-hashes.json").Single(v => v.Text("name") == "b");
        string otherKey = Convert.ToHexStringLower("test key 001"u8);
        using RandomXVm vm = RandomXVm.CreateLight(Cache(otherKey), RandomXCpu.SupportedFlags, PagePreference.Auto);
        var hash = new byte[RandomXLibrary.HashSize];
        vm.CalculateHash(lorem.Hex("input"), hash);
        Assert.That(hash, Is.Not.EqualTo(lorem.Hex("hash")));
    }

    [Test]
    public unsafe void CacheWords_MatchReferenceTests(
        [Values(RandomXFlags.None, RandomXFlags.Argon2Ssse3, RandomXFlags.Argon2Avx2)] RandomXFlags flags)
    {
        SkipUnsupported(flags);
        using RandomXCache cache = RandomXCache.Create("test key 000"u8, flags, PagePreference.Auto);
        // randomx.h has no getter in 1.1.10; the memory's address is the structure's first field.
        ulong* words = *(ulong**)cache.Handle.DangerousGetHandle();
        foreach (JsonElement vector in VectorFile.Read("randomx-cache.json"))
        {
            ulong word = words[vector.GetProperty("word").GetInt32()];
            Assert.That(word.ToString("x16", CultureInfo.InvariantCulture), Is.EqualTo(vector.Text("value")));
        }
    }

    [Test]
    public void DatasetItems_MatchReferenceTests([Values(RandomXFlags.None, RandomXFlags.Jit)] RandomXFlags flags)
    {
        SkipUnsupported(flags);
        using RandomXCache cache = RandomXCache.Create("test key 000"u8, flags, PagePreference.Auto);
        using RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
        var item = new byte[RandomXLibrary.DatasetItemSize];
        foreach (JsonElement vector in VectorFile.Read("randomx-dataset.json"))
        {
            int number = vector.GetProperty("item").GetInt32();
            dataset.InitItems(cache, number, 1);
            dataset.CopyItems(number, item);
            Assert.That(
                BinaryPrimitives.ReadUInt64LittleEndian(item).ToString("x16", CultureInfo.InvariantCulture),
                Is.EqualTo(vector.Text("value")));
        }
    }

    private static void SkipUnsupported(RandomXFlags flags)
    {
        RandomXFlags missing = flags & ~(RandomXCpu.SupportedFlags | RandomXFlags.Secure);
        if (missing != 0)
            Assert.Ignore($"this CPU cannot run {missing}");
    }

    private static RandomXCache Cache(string key)
    {
        if (!Caches.TryGetValue(key, out RandomXCache? cache))
        {
            cache = RandomXCache.Create(Convert.FromHexString(key), RandomXCpu.SupportedFlags, PagePreference.Auto);
            Caches.Add(key, cache);
        }
        return cache;
    }
}
