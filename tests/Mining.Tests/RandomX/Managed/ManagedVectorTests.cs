using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>Known answers for every stage of RandomX as written here.</summary>
[TestFixture]
public sealed class ManagedVectorTests
{
    [Test]
    public void Blake2b_MatchesPublishedVectors()
    {
        byte[] hash = new byte[64];
        foreach (JsonElement vector in VectorFile.Read("randomx-blake2b.json").Where(v => v.Text("key").Length == 0))
        {
            Blake2b.Hash(vector.Hex("input"), hash);
            Assert.That(hash, Is.EqualTo(vector.Hex("hash")), vector.Text("input"));
        }
    }

    [Test]
    public void Reciprocal_MatchesReferenceTests()
    {
        foreach (JsonElement vector in VectorFile.Read("randomx-reciprocal.json"))
        {
            ulong expected = ulong.Parse(vector.Text("reciprocal"), CultureInfo.InvariantCulture);
            Assert.That(Reciprocal.Of(vector.GetProperty("divisor").GetUInt32()), Is.EqualTo(expected));
        }
    }

    [Test]
    public void HashAndFill_IsHashAndThenFill()
    {
        byte[] scratchpad = new byte[4096];
        byte[] state = new byte[64];
        new Random(3).NextBytes(scratchpad);
        new Random(4).NextBytes(state);
        byte[] filled = new byte[scratchpad.Length];
        byte[] nextState = [.. state];
        byte[] expected = new byte[64];
        AesHash1R.Hash(scratchpad, expected);
        AesGenerator1R.Fill(nextState, filled);

        byte[] hash = new byte[64];
        AesHash1R.HashAndFill(scratchpad, hash, state);

        Assert.That(hash, Is.EqualTo(expected));
        Assert.That(scratchpad, Is.EqualTo(filled));
        Assert.That(state, Is.EqualTo(nextState));
    }

    [Test]
    public void AesGenerator1R_MatchesReferenceTests()
    {
        foreach (JsonElement vector in VectorFile.Read("randomx-aes.json"))
        {
            byte[] state = new byte[64];
            vector.Hex("state").CopyTo(state, 0);
            byte[] output = new byte[64];
            AesGenerator1R.Fill(state, output);
            Assert.That(output[..32], Is.EqualTo(vector.Hex("next")));
            Assert.That(state, Is.EqualTo(output));
        }
    }

    [Test]
    public void Cache_MatchesReferenceTests()
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(TestCache.Key000.Memory);
        foreach (JsonElement vector in VectorFile.Read("randomx-cache.json"))
            Assert.That(Text(words[vector.GetProperty("word").GetInt32()]), Is.EqualTo(vector.Text("value")));
    }

    [Test]
    public void DatasetItem_MatchesReferenceTests()
    {
        ulong[] item = new ulong[8];
        foreach (JsonElement vector in VectorFile.Read("randomx-dataset.json"))
        {
            TestCache.Key000.ComputeItem(vector.GetProperty("item").GetUInt64(), item);
            Assert.That(Text(item[0]), Is.EqualTo(vector.Text("value")));
        }
    }

    [TestCase(RandomXVersion.V1, "hash")]
    [TestCase(RandomXVersion.V2, "hashV2")]
    public void Interpreter_MatchesReferenceTests(object version, string field)
    {
        byte[] hash = new byte[32];
        foreach (IGrouping<string, JsonElement> key in VectorFile.Read("randomx-hashes.json").GroupBy(v => v.Text("key")))
        {
            byte[] bytes = Convert.FromHexString(key.Key);
            ManagedCache cache = bytes.AsSpan().SequenceEqual("test key 000"u8) ? TestCache.Key000 : ManagedCache.Create(bytes);
            InterpretedVm vm = new((RandomXVersion)version, cache);
            foreach (JsonElement vector in key)
            {
                vm.CalculateHash(vector.Hex("input"), hash);
                Assert.That(Convert.ToHexStringLower(hash), Is.EqualTo(vector.Text(field)), vector.Text("name"));
            }
        }
    }

    private static string Text(ulong word) => word.ToString("x16", CultureInfo.InvariantCulture);
}
