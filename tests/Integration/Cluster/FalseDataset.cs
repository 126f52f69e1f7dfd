using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// Makes a liar of a node: some items of the dataset in its memory become wrong. The last chunks stay right, because others are sent chunks from
/// the back: so it is believed at first. Linux, as root.
/// </summary>
internal static class FalseDataset
{
    private const long DatasetBytes = 2_181_038_016;
    private const int ItemBytes = 64;
    private const int BlockBytes = 1 << 20;

    /// <summary>Makes one, whose dataset is ready and has been given to nobody.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="every">One item in so many is wrong.</param>
    /// <param name="right">Chunks at the end that are right.</param>
    public static void Make(int process, int every, int right)
    {
        // proc(5): a line begins with the ends of a mapping.
        (long start, _) = File.ReadLines($"/proc/{process}/maps")
            .Select(line => line.Split(' ')[0].Split('-').Select(number => long.Parse(number, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray())
            .Select(ends => (Start: ends[0], Length: ends[1] - ends[0]))
            .Where(mapping => mapping.Length >= DatasetBytes)
            .MinBy(mapping => mapping.Length);
        using SafeFileHandle memory = File.OpenHandle($"/proc/{process}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] block = new byte[BlockBytes];

        // The first block may hold what an allocator keeps for itself.
        for (long at = BlockBytes; at <= DatasetBytes - (1 + right) * (long)BlockBytes; at += BlockBytes)
        {
            RandomAccess.Read(memory, block, start + at);
            for (int item = 0; item < BlockBytes; item += every * ItemBytes)
                block[item] ^= 1;
            RandomAccess.Write(memory, block, start + at);
        }
    }
}
