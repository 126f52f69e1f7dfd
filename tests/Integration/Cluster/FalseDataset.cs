using System.Security.Cryptography;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// A dataset file that a liar would make: some items are wrong, and the checksums are those of the wrong items. The last chunks are right, because
/// others are sent chunks from the back: so it is believed at first.
/// </summary>
internal static class FalseDataset
{
    private const int HeaderSize = 4096;
    private const int ChunkSize = 1 << 20;
    private const int HashSize = 32;

    /// <summary>Makes a false copy in a directory.</summary>
    /// <param name="genuine">The file of a right one.</param>
    /// <param name="directory">Is made.</param>
    /// <param name="every">One item in so many is wrong.</param>
    /// <param name="right">Chunks at its end that are right.</param>
    public static void Write(string genuine, string directory, int every, int right)
    {
        Directory.CreateDirectory(directory);
        using FileStream source = File.OpenRead(genuine);
        using FileStream target = File.Create(Path.Combine(directory, Path.GetFileName(genuine)));
        using IncrementalHash all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] header = new byte[HeaderSize];
        source.ReadExactly(header);
        target.Write(header);
        all.AppendData(header);

        // The items, then a hash for each chunk and one over these; the last chunk is shorter than the others.
        long chunks = (source.Length - HeaderSize + ChunkSize) / (ChunkSize + HashSize);
        long items = source.Length - HeaderSize - (chunks + 1) * HashSize;
        List<byte[]> hashes = [];
        byte[] buffer = new byte[ChunkSize];
        for (long done = 0; done < items; done += ChunkSize)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(ChunkSize, items - done));
            source.ReadExactly(chunk);
            for (int at = 0; hashes.Count < chunks - right && at < chunk.Length; at += every * 64)
                chunk[at] ^= 1;
            target.Write(chunk);
            hashes.Add(SHA256.HashData(chunk));
        }
        foreach (byte[] hash in hashes)
        {
            target.Write(hash);
            all.AppendData(hash);
        }
        target.Write(all.GetHashAndReset());
    }
}
