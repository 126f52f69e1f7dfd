using System.Security.Cryptography;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>Fills datasets: one on all CPUs and with what others bring, and copies it to other NUMA nodes.</summary>
/// <param name="threads">Threads that compute, at least 1.</param>
/// <param name="nodes">The NUMA nodes in use, at least one.</param>
/// <param name="time">Measures the rate.</param>
/// <param name="cpuQuota">As <see cref="KeyStoreOptions.CpuQuota"/>.</param>
internal sealed class DatasetBuilder(int threads, IReadOnlyList<NumaNodeCpus> nodes, TimeProvider time, double? cpuQuota = null)
{
    /// <summary>Workers on the first node, where the dataset that they fill is to lie.</summary>
    internal DatasetWorkers OfFirstNode => OfNode(0);

    /// <summary>Allocates a dataset, or its first items, whose pages can lie on the NUMA node at index <paramref name="node"/>.</summary>
    /// <exception cref="InsufficientMemoryException">
    /// No memory, no huge pages where they were asked for, or an engine that can do nothing with a part.
    /// </exception>
    internal Task<RandomXDataset> AllocateAsync(IRandomXEngine engine, int node, PagePreference pages, int? partItems = null) => Task.Factory.StartNew(
        () =>
        {
            // Explicit huge pages are populated by the allocating thread.
            if (nodes[node].Cpus.Count > 0)
                CurrentThread.TryPin(nodes[node].Cpus[0]);
            if (partItems is not int items)
                return engine.AllocateDataset(pages);
            return engine.TryAllocatePart(pages, items)
                ?? throw new InsufficientMemoryException($"engine {engine.Name} hashes with the whole dataset or without any");
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>Fills the first items of a dataset that lies on the first node: computes them, and takes what others bring.</summary>
    /// <param name="dataset">Not complete; not completed here.</param>
    /// <param name="cache">Stays alive until the task has ended.</param>
    /// <param name="items">Items from 0 on.</param>
    /// <param name="lowPriority">Give way to hashing, as for a dataset that is prepared ahead.</param>
    /// <param name="supplier">Brings chunks from elsewhere; null computes all.</param>
    /// <param name="progress">At most four calls a second, on any thread.</param>
    /// <param name="cancellation">Ends the work within one chunk of every thread.</param>
    /// <returns>Items that came from elsewhere.</returns>
    internal async Task<int> FillAsync(
        RandomXDataset dataset, IRandomXCache cache, int items, bool lowPriority, IChunkSupplier? supplier, Action<DatasetProgress>? progress,
        CancellationToken cancellation)
    {
        if (nodes.Count > 1)
            await TouchAsync(dataset, items, cancellation);
        DatasetWorkers workers = new(threads, [.. Interleave(nodes)], lowPriority, time) { GivesWayToOthers = supplier is not FileSupplier, CpuQuota = cpuQuota };
        ChunkQueue queue = new(items);
        ChunkIntake intake = new(
            new Hash256(cache.Key), dataset, queue, new ChunkCheck(dataset, cache, RandomNumberGenerator.Fill), time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task supply = supplier is null ? Task.CompletedTask : Task.Run(() => supplier.SupplyAsync(intake, end.Token), CancellationToken.None);
        try
        {
            do
                await workers.RunAsync(queue, (first, count) => cache.WriteItems(dataset, first, count), progress, cancellation);
            while (!await Task.Run(intake.CheckAll, cancellation));
        }
        finally
        {
            // Whoever brings a chunk may be writing it.
            await end.CancelAsync();
            await supply.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (supply.IsFaulted)
            await supply;

        // Who was caught in the last moment has lost what he brought.
        if (!queue.IsDone)
            await workers.RunAsync(queue, (first, count) => cache.WriteItems(dataset, first, count), progress, cancellation);
        return queue.RemoteItems;
    }

    /// <summary>Copies the first items to a dataset of the node at index <paramref name="node"/>, with threads of that node.</summary>
    internal Task CopyAsync(RandomXDataset source, RandomXDataset destination, int node, int items, CancellationToken cancellation) =>
        OfNode(node).RunAsync(
            items,
            (first, count) =>
            {
                using DatasetItems from = source.Borrow(first, count);
                using DatasetItems to = destination.BorrowForWriting(first, count);
                from.Bytes.CopyTo(to.Bytes);
            },
            progress: null,
            cancellation);

    private DatasetWorkers OfNode(int node)
    {
        IReadOnlyList<int> cpus = nodes[node].Cpus;
        return new DatasetWorkers(cpus.Count > 0 ? cpus.Count : threads, cpus, lowPriority: false, time);
    }

    // The first write decides on which node a page lies; afterwards every CPU may compute.
    private Task TouchAsync(RandomXDataset dataset, int items, CancellationToken cancellation) => OfFirstNode.RunAsync(
        items,
        (first, count) =>
        {
            using DatasetItems chunk = dataset.BorrowForWriting(first, count);
            chunk.Bytes.Clear();
        },
        progress: null,
        cancellation);

    // Threads fewer than CPUs are spread over all nodes.
    private static IEnumerable<int> Interleave(IReadOnlyList<NumaNodeCpus> nodes)
    {
        int most = nodes.Max(n => n.Cpus.Count);
        for (int i = 0; i < most; i++)
        {
            foreach (NumaNodeCpus node in nodes)
            {
                if (i < node.Cpus.Count)
                    yield return node.Cpus[i];
            }
        }
    }
}
