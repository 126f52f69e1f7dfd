using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Chunks;

namespace P2PMiner.Mining.RandomX;

/// <summary>Threads that go through a dataset's items together, taking chunks of 1 MiB from one queue.</summary>
/// <param name="threads">At least 1.</param>
/// <param name="cpus">CPUs to pin the threads to, in turn; empty leaves them unpinned.</param>
/// <param name="lowPriority">Whether the threads give way to hashing.</param>
/// <param name="time">Measures the rate.</param>
internal sealed class DatasetWorkers(int threads, IReadOnlyList<int> cpus, bool lowPriority, TimeProvider time)
{
    /// <summary>Items of a chunk of 1 MiB. A thread notices cancellation between chunks, some 20 ms apart.</summary>
    internal const int ChunkItems = 16_384;

    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether threads let others go first from when those have brought a chunk.</summary>
    internal bool GivesWayToOthers { get; init; } = true;

    /// <summary>CPU time per time that the process may use, where that is less than its CPUs: others who bring chunks come first then.</summary>
    internal double? CpuQuota { get; init; }

    /// <summary>Number of chunks of <paramref name="items"/> items; the last may be shorter.</summary>
    internal static int ChunkCount(int items) => (items + ChunkItems - 1) / ChunkItems;

    /// <summary>Calls <paramref name="work"/> (first item, item count) once for every chunk, on several threads.</summary>
    /// <param name="items">Items from 0 on.</param>
    /// <param name="work">The first exception it throws stops the others.</param>
    /// <param name="progress">Called four times a second at most and once at the end, on any thread.</param>
    /// <param name="cancellation">The task ends only after the last thread has left its chunk.</param>
    /// <exception cref="OperationCanceledException">Cancelled before all chunks were done.</exception>
    internal Task RunAsync(int items, Action<int, int> work, Action<DatasetProgress>? progress, CancellationToken cancellation) =>
        RunAsync(new ChunkQueue(items), work, progress, cancellation);

    /// <summary>As above, with others who finish chunks of the same queue; ends when all are done, of which some may be given back in that moment.</summary>
    internal async Task RunAsync(
        ChunkQueue queue, Action<int, int> work, Action<DatasetProgress>? progress, CancellationToken cancellation)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long start = time.GetTimestamp();
        void Report() => progress?.Invoke(DatasetProgress.At(queue.DoneItems, queue.Items, time.GetElapsedTime(start), queue.RemoteItems));

        QuotaPace? pace = CpuQuota is double quota ? new QuotaPace(quota, () => Environment.CpuUsage.TotalTime, time) : null;
        await using CancellationTokenRegistration wake = stop.Token.Register(queue.Wake);
        var running = new Task[Math.Min(threads, queue.Chunks)];
        for (int i = 0; i < running.Length; i++)
        {
            int? cpu = cpus.Count > 0 ? cpus[i % cpus.Count] : null;
            running[i] = Task.Factory.StartNew(
                () => RunThread(cpu, queue, pace, work, stop, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        await using (time.CreateTimer(_ => Report(), null, ProgressPeriod, ProgressPeriod))
            await Task.WhenAll(running);
        if (!queue.IsDone)
            cancellation.ThrowIfCancellationRequested();
        Report();
    }

    private void RunThread(
        int? cpu, ChunkQueue queue, QuotaPace? pace, Action<int, int> work, CancellationTokenSource stop, CancellationToken cancellation)
    {
        Thread.CurrentThread.Name = "dataset";

        // A CPU that may not be used, or a system without such settings, costs speed and nothing else.
        if (cpu is int number)
            CurrentThread.TryPin(number);

        // Not the lowest: beside threads that hash it would come to 1.5 % of a CPU, and a slow machine's dataset not in time for its key.
        if (lowPriority)
            CurrentThread.TryGiveWay();
        bool givesWay = lowPriority || !GivesWayToOthers;
        bool failed = true;
        try
        {
            // The caller's token is looked at itself, because the linked one follows it only after its other callbacks.
            while (!stop.IsCancellationRequested && !cancellation.IsCancellationRequested && queue.TryTakeLocal(stop.Token, out int chunk))
            {
                work(ChunkQueue.FirstItem(chunk), queue.ItemCount(chunk));
                queue.FinishLocal(chunk);

                // A chunk that others bring costs a fraction of the time to take, so threads that do that go first.
                if (!GivesWayToOthers || queue.RemoteItems == 0)
                    continue;
                givesWay = givesWay || CurrentThread.TryGiveWay();
                while (pace is not null && pace.MustRest(queue.RemoteItems) && !stop.IsCancellationRequested && queue.Rest(QuotaPace.Look))
                {
                }
            }
            failed = false;
        }
        finally
        {
            if (failed)
                stop.Cancel();
        }
    }
}
