using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// The job source <c>daemon</c>: watches all daemons, mines with the first of the list that can be used, goes to the next
/// when it fails and returns when it is well again.
/// </summary>
internal sealed class DaemonSource
{
    /// <summary>A block that is noticed this long after a ZMQ message counts as announced by it.</summary>
    private static readonly TimeSpan HintLifetime = TimeSpan.FromSeconds(5);

    private readonly DaemonSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DaemonSource> _logger;
    private readonly DaemonWatch[] _watches;
    private readonly ZmqSubscriber _zmq;
    private readonly Channel<DaemonJob> _jobs;
    private readonly Lock _lock = new();
    private DaemonWatch? _active;
    private DaemonJob? _published;
    private bool _zmqDelivers;
    private long? _lastHint;

    /// <param name="daemons">In the order of preference, at least one; stay the caller's.</param>
    /// <param name="options">See there.</param>
    /// <param name="time">For intervals and ages.</param>
    /// <param name="logger">Told of every change of state, once.</param>
    public DaemonSource(IReadOnlyList<DaemonClient> daemons, DaemonSourceOptions options, TimeProvider time, ILogger<DaemonSource> logger)
    {
        ArgumentOutOfRangeException.ThrowIfZero(daemons.Count);
        _options = options;
        _time = time;
        _logger = logger;
        _watches = [.. daemons.Select(daemon => new DaemonWatch(daemon, options, time, logger))];
        IEnumerable<string> conventional = daemons.Select(daemon => daemon.Endpoint.ConventionalZmqAddress);
        _zmq = new ZmqSubscriber([.. options.ZmqAddresses.Concat(conventional).Distinct()], OnChainChanged, logger);

        // Only the newest job is of use: a slow reader misses older ones.
        _jobs = Channel.CreateBounded<DaemonJob>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    }

    /// <summary>
    /// The current block, again whenever it changes. Its share difficulty is the network's and it commits to no share: see
    /// <see cref="DaemonJob.WithShare"/>. While no daemon can be used nothing comes, and the last job gets older.
    /// </summary>
    public ChannelReader<DaemonJob> Jobs => _jobs.Reader;

    public DaemonSourceStatus Status
    {
        get
        {
            lock (_lock)
                return new DaemonSourceStatus([.. _watches.Select(StatusOf)], _zmqDelivers);
        }
    }

    /// <summary>Watches until cancelled, then completes <see cref="Jobs"/>.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task zmq = _zmq.RunAsync(stop.Token);
        Task[] loops = [.. _watches.Select(watch => watch.RunAsync(OnPolled, stop.Token))];
        await Task.WhenAny(loops);
        await stop.CancelAsync();
        _jobs.Writer.TryComplete();
        await zmq;
        await Task.WhenAll(loops);
    }

    private DaemonStatus StatusOf(DaemonWatch watch) =>
        watch == _active ? watch.Status with { State = DaemonState.Active } : watch.Status;

    private void OnPolled(DaemonWatch watch)
    {
        lock (_lock)
        {
            Activate(Choose());
            if (_active?.Job is { } job && job != _published)
                Publish(job);
            Favour();
        }
    }

    private DaemonWatch? Choose()
    {
        foreach (DaemonWatch watch in _watches)
        {
            if (watch == _active && watch.IsReady)
                return watch;
            if (_active is { IsReady: true })
            {
                if (IsWorthReturningTo(watch, _active))
                    return watch;
            }
            else if (watch.IsReady)
            {
                return watch;
            }
            else if (_active is null && watch.Status.State == DaemonState.Connecting)
            {
                // At the start an earlier one that is about to answer is waited for.
                return null;
            }
        }
        return null;
    }

    private bool IsWorthReturningTo(DaemonWatch watch, DaemonWatch active) =>
        watch.IsReady && watch.GoodPolls >= _options.GoodPollsToReturn && watch.Status.Height >= active.Status.Height;

    private void Activate(DaemonWatch? chosen)
    {
        if (chosen == _active)
            return;
        _active = chosen;
        if (chosen is null)
        {
            _logger.LogWarning("No daemon can be used: the last block template is mined on until one is back");
            return;
        }
        _logger.LogInformation("Mining with daemon {Daemon} at height {Height}", chosen.Status.Name, chosen.Status.Height);
        chosen.Poke();
    }

    private void Publish(DaemonJob job)
    {
        if (_published is not null && _published.Template.PreviousId != job.Template.PreviousId)
            JudgeZmq();
        _published = job;
        _jobs.Writer.TryWrite(job);
    }

    /// <summary>A new block that was found by polling alone shows that ZMQ, if it ever worked, does not now.</summary>
    private void JudgeZmq()
    {
        if (!_zmqDelivers || IsHintFresh())
            return;
        _zmqDelivers = false;
        _logger.LogWarning("ZMQ did not announce the latest block; new blocks are noticed by polling until it does");
    }

    private bool IsHintFresh() => _lastHint is { } timestamp && _time.GetElapsedTime(timestamp) < HintLifetime;

    /// <summary>The active daemon is asked often, or all are while none is; ZMQ makes that unnecessary.</summary>
    private void Favour()
    {
        foreach (DaemonWatch watch in _watches)
            watch.IsFavoured = _active is null || (watch == _active && !_zmqDelivers);
    }

    private void OnChainChanged()
    {
        lock (_lock)
        {
            _lastHint = _time.GetTimestamp();
            if (!_zmqDelivers)
                _logger.LogInformation("ZMQ announces new blocks");
            _zmqDelivers = true;
            Favour();
            _active?.ExpectBlock();
        }
    }
}
