using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// Makes a liar of a node: some items of the dataset in its memory become wrong. The last chunks stay right, because others are sent chunks from
/// the back: so it is believed at first. Linux, as root.
/// </summary>
internal static class FalseDataset
{
    private const int ItemBytes = 64;
    private const int BlockBytes = 1 << 20;

    /// <summary>Makes one, whose dataset is ready and has been given to nobody.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="every">One item in so many is wrong.</param>
    /// <param name="right">Chunks at the end that are right.</param>
    public static void Make(int process, int every, int right)
    {
        long start = DatasetMemory.AddressIn(process);
        using SafeFileHandle memory = DatasetMemory.Open(process, FileAccess.ReadWrite);
        byte[] block = new byte[BlockBytes];

        // The first block may hold what an allocator keeps for itself.
        for (long at = BlockBytes; at <= DatasetMemory.Size - (1 + right) * (long)BlockBytes; at += BlockBytes)
        {
            RandomAccess.Read(memory, block, start + at);
            for (int item = 0; item < BlockBytes; item += every * ItemBytes)
                block[item] ^= 1;
            RandomAccess.Write(memory, block, start + at);
        }
    }
}
