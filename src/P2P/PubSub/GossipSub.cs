using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Routing;
using P2PMiner.P2P.PubSub.Sessions;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Publish and subscribe over a mesh of peers: gossipsub 1.2, 1.1 and 1.0 (libp2p/specs, pubsub/README.md and
/// pubsub/gossipsub/gossipsub-v1.0.md to v1.2.md). All members can be called from any thread.
/// </summary>
public sealed class GossipSub : IAsyncDisposable
{
    /// <summary>How long stopping waits for what is queued to be sent.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly INetwork _network;
    private readonly PubSubOptions _options;
    private readonly ILogger _logger;
    private readonly GossipRouter _router;
    private readonly SessionTable _table;
    private readonly PeerSessions _sessions;
    private readonly PeerConnector _connector;
    private readonly TaskTracker _tasks;
    private readonly Publisher _publisher;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private int _beating;
    private int _state;

    /// <param name="network">Where the peers are.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="logger">Null for none.</param>
    /// <exception cref="ArgumentException">Options that contradict each other.</exception>
    public GossipSub(INetwork network, PubSubOptions? options = null, ILogger<GossipSub>? logger = null)
        : this(network, options ?? new PubSubOptions(), logger ?? NullLogger<GossipSub>.Instance, NewRandom())
    {
    }

    /// <summary>With a generator of the test's choice.</summary>
    internal GossipSub(INetwork network, PubSubOptions options, ILogger logger, Random random)
    {
        ArgumentNullException.ThrowIfNull(network);
        options.Validate();
        (_network, _options, _logger) = (network, options, logger);
        _tasks = new TaskTracker(Fail);
        _connector = new PeerConnector(network, options, _tasks, logger, _stopping.Token);
        _router = new GossipRouter(new RouterContext(
            network.LocalPeer, options, network.Time, random, logger, _connector.Connect, Fail, _stopping.Token));
        _table = new SessionTable(_router, network.Time);
        _sessions = new PeerSessions(network, _router, _table, options, _tasks, logger);
        _publisher = new Publisher(network, options, _router);
    }

    /// <summary>Ends when the service is stopped; fails if it can no longer do its work.</summary>
    public Task Completion => _completion.Task;

    /// <summary>The topics subscribed to, sorted.</summary>
    public IReadOnlyList<string> Topics => _router.Local.Names;

    /// <summary>All peers with whom there is a pubsub stream.</summary>
    public IReadOnlyList<PubSubPeer> Peers => _router.Inspect(static parts => (PubSubPeer[])
        [.. parts.Peers.All.Select(peer => new PubSubPeer(peer.Id, peer.Protocol, peer.HasInbound, parts.Guard.Score(peer)))]);

    /// <summary>Serves the protocols from now on. Once.</summary>
    public void Start()
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0)
            throw new InvalidOperationException("started before");
        _sessions.Start();
        _timer = _network.Time.CreateTimer(_ => Beat(), null, _options.Mesh.FirstHeartbeat, _options.Mesh.Heartbeat);
    }

    /// <summary>Joins a topic, if this is its first subscription.</summary>
    /// <param name="topic">1 to 512 bytes of UTF-8.</param>
    /// <param name="handler">Gets the messages of others, not our own.</param>
    public ISubscription Subscribe(string topic, MessageHandler handler)
    {
        CheckTopic(topic);
        ArgumentNullException.ThrowIfNull(handler);
        Subscription subscription = new(topic, handler, _router.Unsubscribe, _logger);
        _router.Subscribe(subscription);
        return subscription;
    }

    /// <summary>Has all messages of others on a topic judged before they are delivered and passed on, in place of a former validator.</summary>
    /// <param name="topic">The topic, subscribed to or not.</param>
    /// <param name="validator">Null to accept everything again.</param>
    public void SetValidator(string topic, MessageValidator? validator)
    {
        CheckTopic(topic);
        _router.Local.SetValidator(topic, validator);
    }

    /// <summary>
    /// Publishes a message, subscribed or not. Where a peer cannot take messages as fast as they are published, it waits for that peer, but
    /// not longer than <see cref="PubSubLimits.PublishWait"/>.
    /// </summary>
    /// <returns>The peers that it goes to directly; none is no error.</returns>
    /// <exception cref="ArgumentException">More than <see cref="PubSubLimits.MaxDataSize"/> bytes.</exception>
    public ValueTask<IReadOnlyList<PeerId>> PublishAsync(string topic, ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        CheckTopic(topic);
        return _publisher.PublishAsync(topic, data, cancellation);
    }

    /// <summary>The peers in our mesh of a topic; empty if we are not subscribed to it.</summary>
    public IReadOnlyList<PeerId> MeshPeers(string topic) =>
        _router.Inspect(parts => (PeerId[])[.. (parts.Topics.Find(topic)?.Mesh ?? []).Select(static peer => peer.Id)]);

    /// <summary>The peers known to be subscribed to a topic, without ourselves.</summary>
    public IReadOnlyList<PeerId> Subscribers(string topic) =>
        _router.Inspect(parts => (PeerId[])[.. (parts.Topics.Find(topic)?.Subscribers ?? []).Select(static peer => peer.Id)]);

    /// <summary>The score of a peer, connected or remembered; 0 if it is unknown.</summary>
    public double Score(PeerId peer) => _router.Inspect(parts => parts.Scores.Score(peer));

    /// <summary>Sends what is queued, for a second at most, and ends all streams.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _state, 2) != 1)
            return;
        await _timer!.DisposeAsync().ConfigureAwait(false);
        using CancellationTokenSource patience = new();
        await _sessions.StopAsync(Task.Delay(StopPatience, _network.Time, patience.Token)).ConfigureAwait(false);
        await patience.CancelAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        _router.Stop();
        await _tasks.WhenIdle().ConfigureAwait(false);
        _completion.TrySetResult();
    }

    /// <summary>For tests: the parts of the router, under its lock.</summary>
    internal T Inspect<T>(Func<RouterParts, T> read) => _router.Inspect(read);

    /// <summary>For tests: peers whose streams are to be opened again.</summary>
    internal int RetryCount => _table.RetryCount;

    private static Random NewRandom() => new(RandomNumberGenerator.GetInt32(int.MaxValue));

    private static void CheckTopic(string topic)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        if (System.Text.Encoding.UTF8.GetByteCount(topic) > RpcLimits.MaxTopicSize)
            throw new ArgumentException($"a topic has at most {RpcLimits.MaxTopicSize} bytes", nameof(topic));
    }

    private void Beat()
    {
        // A heartbeat that takes longer than its interval is not joined by the next.
        if (Interlocked.Exchange(ref _beating, 1) == 1)
            return;
        try
        {
            _router.RunHeartbeat();
            _sessions.Heartbeat();
            _connector.Heartbeat();
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            Volatile.Write(ref _beating, 0);
        }
    }

    private void Fail(Exception exception)
    {
        PubSubLog.Failed(_logger, exception);
        _completion.TrySetException(exception);
    }
}
