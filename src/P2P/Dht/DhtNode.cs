using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Queries;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Serving;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Upkeep;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>One node of the DHT over whatever carries its messages: composes the parts, and keeps their loops running.</summary>
internal sealed class DhtNode : IAsyncDisposable
{
    private readonly IDhtNetwork _network;
    private readonly ILogger _logger;
    private readonly QueryEngine _engine;
    private readonly Requester _requester;
    private readonly ContactChecker _checker;
    private readonly Republisher _republisher;
    private readonly Bootstrapper _bootstrapper;
    private readonly NeighbourTags _tags;
    private readonly TableFile? _file;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stopped;
    private Task _upkeep = Task.CompletedTask;
    private int _disposed;

    internal DhtNode(IDhtNetwork network, DhtOptions options, TimeProvider time, Random random, ILogger logger)
    {
        (_network, _logger, _stopped) = (network, logger, _stopping.Token);
        Table = new RoutingTable(
            network.LocalPeer,
            new RoutingTableLimits(options.BucketSize, options.ContactsPerGroup, options.ContactsPerGroupAndBucket),
            time);
        Records = new RecordStore(network.LocalPeer, options.RecordLifetime, time);
        Providers = new ProviderStore(options.ProviderLifetime, time);
        Publications = new Publications(options.RepublishInterval, time, random);
        RecordRules rules = new(options.Validators);
        Handler = new RequestHandler(network, Table, Records, Providers, Publications, rules, options, random);
        _requester = new Requester(network, Table, options.RequestTimeout, time);
        _engine = new QueryEngine(network, Table, _requester, options, time, random);
        Peers = new PeerQueries(_engine);
        ProviderQueries = new ProviderQueries(_engine, Peers, Providers, Publications);
        Values = new ValueQueries(_engine, Records, rules);
        _checker = new ContactChecker(Table, _requester, network, options, time);
        Refresher = new Refresher(Table, Peers, _checker, network.LocalPeer, options, time, random);
        _republisher = new Republisher(Publications, Table, ProviderQueries, Values, Records, Providers, rules, time, logger);
        _bootstrapper = new Bootstrapper(network, Table, _checker, options, time, logger);
        _tags = new NeighbourTags(Table, network, options.BucketSize);
        _file = options.TableFile is string path ? new TableFile(path, logger) : null;
        Table.Changed += OnTableChanged;
        _requester.Waiting += peer => _checker.MakeRoomFor(peer, _stopped);
        Refresher.Refreshed += SaveTable;
    }

    internal RoutingTable Table { get; }

    internal RequestHandler Handler { get; }

    internal PeerQueries Peers { get; }

    internal ProviderQueries ProviderQueries { get; }

    internal ValueQueries Values { get; }

    internal Publications Publications { get; }

    internal RecordStore Records { get; }

    internal ProviderStore Providers { get; }

    internal Refresher Refresher { get; }

    /// <summary>A part of the upkeep failed, and with it all of it.</summary>
    internal event Action<Exception>? Failed;

    /// <summary>Starts the upkeep.</summary>
    internal void Start()
    {
        IReadOnlyList<DhtPeer> saved = _file?.Load() ?? [];
        _upkeep = Task.WhenAll(
            KeepRunningAsync(Refresher.RunAsync),
            KeepRunningAsync(_republisher.RunAsync),
            KeepRunningAsync(token => _bootstrapper.RunAsync(saved, token)));
    }

    /// <summary>A connected peer says that it serves the protocol.</summary>
    internal void PeerServes(PeerId peer)
    {
        _requester.Seen(peer);
        _tags.Update();
    }

    /// <summary>A peer says that it does not serve the protocol any more.</summary>
    internal void PeerStoppedServing(PeerId peer) => Table.Remove(peer);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _engine.Stop();
        await _upkeep.ConfigureAwait(false);
        SaveTable();
        Table.Clear();
        _stopping.Dispose();
    }

    private async Task KeepRunningAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await Task.Run(() => loop(_stopped), CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Stopping ends the loops.
        }
        catch (Exception error)
        {
            DhtLog.UpkeepFailed(_logger, error);
            await _stopping.CancelAsync().ConfigureAwait(false);
            Failed?.Invoke(error);
        }
    }

    private void OnTableChanged(PeerId peer, int change)
    {
        DhtMetrics.TableChanged(change);
        _tags.Update();
    }

    private void SaveTable()
    {
        // An empty table is no reason to forget the last one.
        if (Table.Count > 0)
            _file?.Save(Table.Snapshot().Select(contact => new DhtPeer(contact.Peer, _network.AddressesOf(contact.Peer))));
    }
}
