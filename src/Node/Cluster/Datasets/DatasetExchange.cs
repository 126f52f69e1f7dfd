using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>A node's part in the exchange of datasets: sends those that it hosts, downloads those that it needs.</summary>
internal sealed class DatasetExchange
{
    private readonly MemberView _view;
    private readonly Conduct _conduct;
    private readonly Func<Hash256, Multihash> _providerKey;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DatasetServer _server;
    private readonly DatasetSwarm _swarm;
    private volatile Host? _host;

    /// <param name="hold">The dataset of a key; null when it is not held, or not shared.</param>
    /// <param name="uploadLimit">Bytes per second, all uploads together; null for no limit.</param>
    /// <param name="providerKey">What hosts of a key's dataset provide in the DHT.</param>
    /// <param name="view">Who hosts what.</param>
    /// <param name="isProven">Whether a member has proved itself.</param>
    /// <param name="conduct">Shuts out who lies.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For the log.</param>
    public DatasetExchange(
        Func<Hash256, HeldDataset?> hold, long? uploadLimit, Func<Hash256, Multihash> providerKey, MemberView view,
        Predicate<PeerId> isProven, Conduct conduct, TimeProvider time, ILogger logger)
    {
        _view = view;
        _conduct = conduct;
        _providerKey = providerKey;
        _time = time;
        _logger = logger;
        _server = new DatasetServer(hold, new UploadBudget(uploadLimit, time), isProven, time);
        _swarm = new DatasetSwarm(HostsOf, OpenAsync, isProven, conduct, time, logger);
        conduct.Banned += _swarm.Helpers.Remove;
    }

    /// <summary>Brings chunks of datasets that are being made.</summary>
    public IChunkSupplier Supplier => _swarm;

    /// <summary>Whether a peer has sent right chunks in this run, and was not shut out since.</summary>
    public bool HasHelped(PeerId peer) => _swarm.Helpers.Contains(peer);

    /// <summary>Chunks of 1 MiB sent to others since the start.</summary>
    public long ChunksSent => _server.ChunksSent;

    /// <summary>Takes part before the first connection can come in.</summary>
    public void Join(Host host)
    {
        host.Handle(DatasetProtocol.Id, _server.ServeAsync, DatasetServer.Limits);
        _host = host;
    }

    /// <summary>Announces what is hosted in the DHT, and looks there for hosts of what is needed.</summary>
    /// <param name="host">Its DHT is on.</param>
    /// <param name="hosted">Keys whose datasets this node shares.</param>
    /// <param name="found">Gets each host that the DHT knows of.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task RunAsync(Host host, Func<IReadOnlyList<Hash256>> hosted, Action<PeerId> found, CancellationToken cancellation) =>
        new DatasetProviders(
            host, _providerKey, hosted, () => [.. _swarm.Wanted.Where(key => HostsOf(key).Count == 0)], found, _time, _logger)
        .RunAsync(cancellation);

    private IReadOnlyList<PeerId> HostsOf(Hash256 key) =>
    [
        .. _view.Members
            .Where(member => member.Status.IsDatasetHost && member.Status.DatasetKeys.Contains(key) && _conduct.IsWelcome(member.Peer))
            .Select(member => member.Peer),
    ];

    private ValueTask<PeerStream> OpenAsync(PeerId peer, CancellationToken cancellation) =>
        _host is { } host ? host.OpenStreamAsync(peer, [DatasetProtocol.Id], cancellation) : throw new IOException("the host is not there yet");
}
