using System.Buffers.Binary;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>
/// Hashes the stream of XMRig's benchmark and folds it as that does: nonces from 0 on at byte 39 of 112 zero bytes, a key of 32
/// zero bytes, and bytes 24 to 31 of all hashes XORed; for rx/2 of their commitments, Blake2b of blob and hash. The sums are those
/// that XMRig publishes (src/backend/common/benchmark).
/// </summary>
internal static class StreamChecksum
{
    private const int BlobSize = 112;
    private const int NonceOffset = 39;
    private const int SumOffset = 24;

    private static readonly Dictionary<int, ulong> PublishedV1 = new()
    {
        [10_000] = 0x4A597463865ACF0E,
        [20_000] = 0xC82B490C757DA738,
        [250_000] = 0x7D6054757BB08A63,
        [500_000] = 0x96607546DE1F5ECC,
        [1_000_000] = 0x898B6E0431C28A6B,
        [10_000_000] = 0xB5231262E2792B26,
    };

    private static readonly Dictionary<int, ulong> PublishedV2 = new()
    {
        [10_000] = 0x57D2051D099613A4,
        [20_000] = 0x0BAE0155CC797F01,
        [250_000] = 0x18CF741A71484072,
        [500_000] = 0xCD8C3E6EC31B2FAE,
        [1_000_000] = 0x88D6B8FB70CD479D,
        [10_000_000] = 0x7EFBDDFF3F30FB74,
    };

    /// <summary>Hashes with a dataset on all CPUs.</summary>
    /// <param name="report">Gets the sum.</param>
    /// <param name="settings">Its first machine hashes.</param>
    /// <param name="version">Of the algorithm.</param>
    /// <param name="count">How many hashes; one of the published numbers, to be compared.</param>
    /// <exception cref="BenchException">Another sum than the published one.</exception>
    public static void Run(Report report, BenchSettings settings, RandomXVersion version, int count)
    {
        using Memories memories = new(new byte[32], settings.Pages[0]);
        RandomXDataset dataset = memories.DatasetOf(settings);
        LaneSettings lanes = Machines.Parse(settings.Machines[0]);
        int next = 0;
        ulong sum = 0;
        Lock gate = new();
        Turns.OnThreads(settings.Threads.Max(), settings.Cpus, _ =>
        {
            using IHasher hasher = Machines.Full(version, lanes, dataset, memories.Pages);
            ulong own = Sum(hasher, version, count, () => Interlocked.Add(ref next, hasher.Lanes) - hasher.Lanes);
            lock (gate)
                sum ^= own;
        });
        bool isKnown = (version == RandomXVersion.V1 ? PublishedV1 : PublishedV2).TryGetValue(count, out ulong published);
        report.Add($"checksum of {count} hashes, {version}", Report.Text($"{sum:X16}, ") + (isKnown ? Report.Text($"published {published:X16}") : "none published"), count);
        if (isKnown && sum != published)
            throw new BenchException("that is not the published checksum");
    }

    private static ulong Sum(IHasher hasher, RandomXVersion version, int count, Func<int> take)
    {
        byte[] blobs = new byte[hasher.Lanes * BlobSize];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        ulong sum = 0;
        int first = take();
        SetNonces(blobs, first);
        hasher.First(blobs);
        while (first < count)
        {
            int following = take();
            SetNonces(blobs, following);
            hasher.Next(blobs, hashes);
            for (int lane = 0; lane < Math.Min(hasher.Lanes, count - first); lane++)
            {
                Span<byte> hash = hashes.AsSpan(lane * Hash256.Size, Hash256.Size);
                if (version == RandomXVersion.V2)
                    Commit(first + lane, hash);
                sum ^= BinaryPrimitives.ReadUInt64LittleEndian(hash[SumOffset..]);
            }
            first = following;
        }
        return sum;
    }

    private static void Commit(int nonce, Span<byte> hash)
    {
        Span<byte> committed = stackalloc byte[BlobSize + Hash256.Size];
        committed.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(committed[NonceOffset..], nonce);
        hash.CopyTo(committed[BlobSize..]);
        Blake2b.Hash(committed, hash);
    }

    private static void SetNonces(byte[] blobs, int first)
    {
        for (int lane = 0; lane < blobs.Length / BlobSize; lane++)
            BinaryPrimitives.WriteInt32LittleEndian(blobs.AsSpan(lane * BlobSize + NonceOffset), first + lane);
    }
}
