using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;

namespace P2PMiner.Bench;

/// <summary>The node's own key store, used with one key.</summary>
internal static class Keys
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>Makes cache and, in full memory, dataset; returns when both are ready.</summary>
    /// <exception cref="BenchException">There is not enough memory.</exception>
    public static async Task<(KeyStore Store, KeyStatus Made)> MakeAsync(HardwareInfo hardware, Hash256 key, MemoryMode memory)
    {
        NumaNodeCpus[] nodes =
        [
            .. hardware.LogicalCpus.GroupBy(cpu => cpu.NumaNode).OrderBy(group => group.Key)
                .Select(group => new NumaNodeCpus(group.Key, [.. group.Select(cpu => cpu.Id)])),
        ];
        var options = new KeyStoreOptions { Memory = memory, BuilderThreads = hardware.LogicalCpus.Count, Nodes = nodes };
        var store = new KeyStore(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        var ready = new TaskCompletionSource<KeyStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.StatusChanged += status =>
        {
            if (status.Keys is not [KeyStatus made, ..])
                return;
            if (made.Cache == CacheState.Failed || made.Dataset == DatasetState.Failed)
                ready.TrySetException(new BenchException("not enough memory; use --memory light"));
            else if (memory == MemoryMode.Full ? made.Dataset == DatasetState.Ready : made.Cache == CacheState.Ready)
                ready.TrySetResult(made);
        };
        store.SetKeys(key, next: null);
        return (store, await ready.Task.WaitAsync(Limit));
    }

    /// <summary>The pages of what is hashed with.</summary>
    public static PageKind Pages(this KeyStatus made) => made.DatasetPages ?? made.CachePages ?? PageKind.Normal;
}
