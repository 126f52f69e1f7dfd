using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Opens a stream of the dataset protocol to a peer; fails with an <see cref="IOException"/>.</summary>
internal delegate ValueTask<PeerStream> StreamOpener(PeerId peer, CancellationToken cancellation);

/// <summary>
/// Downloads chunks of datasets from the hosts in the cluster, from several at once, while this machine computes others. Who
/// sends wrong ones is shut out; of all who are shut out nothing is kept.
/// </summary>
/// <param name="hosts">Members that host the dataset of a key and are welcome.</param>
/// <param name="open">Opens streams.</param>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="conduct">Shuts out who lies.</param>
/// <param name="time">Measures rates.</param>
/// <param name="logger">Told of who brought how much.</param>
internal sealed class DatasetSwarm(
    Func<Hash256, IReadOnlyList<PeerId>> hosts, StreamOpener open, Predicate<PeerId> isProven, Conduct conduct, TimeProvider time, ILogger logger) : IChunkSupplier
{
    private readonly Lock _lock = new();
    private readonly List<Hash256> _wanted = [];

    /// <summary>Who sent right chunks.</summary>
    public Helpers Helpers { get; } = new();

    /// <summary>Keys whose datasets are being made here.</summary>
    public IReadOnlyList<Hash256> Wanted
    {
        get
        {
            lock (_lock)
                return [.. _wanted];
        }
    }

    public async Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation)
    {
        DatasetDownload download = new(
            intake, () => hosts(intake.Key), peer => new DatasetHost(peer, intake, open, conduct.Ban, time, logger) { Helped = Helpers.Add }, isProven, time);
        lock (_lock)
            _wanted.Add(intake.Key);
        conduct.Banned += download.Revoke;
        try
        {
            await download.RunAsync(cancellation);
        }
        finally
        {
            conduct.Banned -= download.Revoke;
            lock (_lock)
                _wanted.Remove(intake.Key);
        }
    }
}
