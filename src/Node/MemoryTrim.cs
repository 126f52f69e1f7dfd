using P2PMiner.Hardware;

namespace P2PMiner.Node;

/// <summary>
/// Gives back the memory that only the start needed: pages of the runtime and its libraries, what the compiler worked in, and
/// what the heap keeps free. And again later, for what is rarely used.
/// </summary>
internal static class MemoryTrim
{
    /// <summary>The start is over by then.</summary>
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(20);

    /// <summary>Pages of files take some milliseconds of a processor to give back.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1);

    /// <summary>The heap takes some hundredths of a second, and has less to give: so much more seldom.</summary>
    private const int RestsOfHeap = 3;

    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task RunAsync(TimeProvider time, CancellationToken cancel)
    {
        IReadOnlySet<FileMapping> clean = new HashSet<FileMapping>();
        await Task.Delay(Start, time, cancel);
        for (int trim = 0; ; trim++)
        {
            if (trim % RestsOfHeap == 1)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                ResidentMemory.TrimNativeHeap();
            }
            ResidentMemory.ReleaseFiles(clean);
            clean = ResidentMemory.CleanFiles();
            await Task.Delay(trim == 0 ? Start : Rest, time, cancel);
        }
    }
}
