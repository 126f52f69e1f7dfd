using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The dataset in the memory of a process. Linux, as root.</summary>
internal static class DatasetMemory
{
    /// <summary>Of all items, in bytes (RandomX specs.md, section 7.3).</summary>
    public const long Size = RandomXLibrary.DatasetSize;

    private const int BlockBytes = 1 << 20;

    /// <summary>Where it begins, but for what an allocator may keep in front of it.</summary>
    public static long AddressIn(int process) =>
        File.ReadLines($"/proc/{process}/maps")
            // proc(5): a line begins with the ends of a mapping.
            .Select(line => line.Split(' ')[0].Split('-').Select(number => long.Parse(number, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray())
            .Where(ends => ends[1] - ends[0] >= Size)
            .MinBy(ends => ends[1] - ends[0])![0];

    /// <summary>All memory of the process, by address.</summary>
    public static SafeFileHandle Open(int process, FileAccess access) =>
        File.OpenHandle($"/proc/{process}/mem", FileMode.Open, access, FileShare.ReadWrite);

    /// <summary>SHA-256 of all items in a process that has them in explicit huge pages, which hold nothing else.</summary>
    public static string DigestOf(int process)
    {
        using SafeFileHandle memory = Open(process, FileAccess.Read);
        return DigestOf(memory, AddressIn(process));
    }

    /// <summary>SHA-256 of all items.</summary>
    /// <param name="items">Memory or a file that has them.</param>
    /// <param name="start">Where they begin in it.</param>
    public static string DigestOf(SafeFileHandle items, long start)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockBytes];
        for (long at = 0; at < Size;)
        {
            int count = RandomAccess.Read(items, block.AsSpan(0, (int)Math.Min(BlockBytes, Size - at)), start + at);
            hash.AppendData(block, 0, count);
            at += count > 0 ? count : throw new EndOfStreamException("the dataset ends too soon");
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
