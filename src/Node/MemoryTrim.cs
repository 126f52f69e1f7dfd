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

    /// <summary>A trim takes some hundredths of a second of a processor.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(3);

    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task RunAsync(TimeProvider time, CancellationToken cancel)
    {
        for (TimeSpan pause = Start; ; pause = Rest)
        {
            await Task.Delay(pause, time, cancel);
            IReadOnlySet<FileMapping> clean = ResidentMemory.CleanFiles();
            await Task.Delay(Start, time, cancel);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            ResidentMemory.TrimNativeHeap();
            ResidentMemory.ReleaseFiles(clean);
        }
    }
}
