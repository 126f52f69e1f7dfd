using Microsoft.Extensions.Logging;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Keeps one daemon under observation: whether it can be mined with, and its current block as a job. Any thread may call
/// any member, but <see cref="RunAsync"/> runs once.
/// </summary>
internal sealed class DaemonWatch
{
    /// <summary>Templates asked for when blocks keep arriving between two calls.</summary>
    private const int MaxAttempts = 3;

    /// <summary>
    /// monerod announces a block before its RPC shows it, so after an announcement it is asked this often…
    /// </summary>
    private static readonly TimeSpan ExpectantPollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>…for at most this long.</summary>
    private static readonly TimeSpan LongestExpectation = TimeSpan.FromSeconds(1);

    private readonly DaemonClient _client;
    private readonly DaemonSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Nudge _nudge;
    private readonly TemplateHistory _history = new();
    private long _jobTimestamp;
    private volatile DaemonJob? _job;
    private volatile DaemonStatus _status;
    private volatile bool _isFavoured = true;
    private long _expectUntil = long.MinValue;

    public DaemonWatch(DaemonClient client, DaemonSourceOptions options, TimeProvider time, ILogger logger)
    {
        _client = client;
        _options = options;
        _time = time;
        _logger = logger;
        _nudge = new Nudge(time);
        _status = new DaemonStatus(client.Endpoint.Name, DaemonState.Connecting, 0, TimeSpan.Zero, null);
    }

    /// <summary>Never <see cref="DaemonState.Active"/>: which one is, the source knows.</summary>
    public DaemonStatus Status => _status;

    /// <summary>The daemon's current block; null while it cannot be mined with.</summary>
    public DaemonJob? Job => _job;

    /// <summary>Polls since the last fault.</summary>
    public int GoodPolls { get; private set; }

    public bool IsReady => _job is not null;

    /// <summary>Whether to look often.</summary>
    public bool IsFavoured
    {
        get => _isFavoured;
        set => _isFavoured = value;
    }

    /// <summary>Looks at once.</summary>
    public void Poke() => _nudge.Set();

    /// <summary>Looks at once and then without much pause for a while.</summary>
    public void ExpectBlock()
    {
        long until = _time.GetTimestamp() + (long)(LongestExpectation.TotalSeconds * _time.TimestampFrequency);
        Volatile.Write(ref _expectUntil, until);
        Poke();
    }

    /// <summary>Polls until cancelled.</summary>
    /// <param name="polled">Called after every poll, on this loop.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Action<DaemonWatch> polled, CancellationToken cancellation)
    {
        while (true)
        {
            DaemonError? error = await PollAsync(cancellation);
            Remember(error);
            polled(this);
            await _nudge.WaitAsync(Interval(error), cancellation);
        }
    }

    private TimeSpan Interval(DaemonError? error)
    {
        if (error is null && _time.GetTimestamp() < Volatile.Read(ref _expectUntil))
            return ExpectantPollInterval;
        return IsFavoured && !IsLasting(error) ? _options.PollInterval : _options.QuietPollInterval;
    }

    /// <summary>A login, a network or a lie does not change within a second; a restart or a new block does.</summary>
    private static bool IsLasting(DaemonError? error) =>
        error?.Fault is DaemonFault.Unauthorized or DaemonFault.WrongNetwork or DaemonFault.BadTemplate or DaemonFault.Restricted;

    private void Remember(DaemonError? error)
    {
        DaemonError? before = _status.Error;
        bool first = _status.State == DaemonState.Connecting;
        _status = _status with { State = error is null ? DaemonState.Standby : DaemonState.Faulted, Error = error };
        if (error is null)
        {
            GoodPolls++;
            if (first || before is not null)
                _logger.LogInformation("Daemon {Daemon} is ready at height {Height}", _status.Name, _status.Height);
            return;
        }
        GoodPolls = 0;
        _job = null;
        if (error.Fault == DaemonFault.Unreachable)
            _history.Forget();
        if (before?.Fault != error.Fault)
            _logger.LogWarning("Daemon {Daemon} cannot be used ({Fault}): {Message}", _status.Name, error.Fault, error.Message);
    }

    private async Task<DaemonError?> PollAsync(CancellationToken cancellation)
    {
        long start = _time.GetTimestamp();
        DaemonResult<DaemonInfo> result = await _client.GetInfoAsync(cancellation);
        if (!result.TryGet(out DaemonInfo? info, out DaemonError? error))
            return error;
        _status = _status with { Height = info.Height, Latency = _time.GetElapsedTime(start) };
        if (DaemonFitness.FindFault(info, _options.Wallet.Network) is { } fault)
            return fault;
        bool isCurrent = _job is { } job
            && job.Template.PreviousId == info.TopBlockHash
            && _time.GetElapsedTime(_jobTimestamp) < _options.TemplateLifetime;
        return isCurrent ? null : await RefreshAsync(info, cancellation);
    }

    private async Task<DaemonError?> RefreshAsync(DaemonInfo info, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            DaemonResult<DaemonTemplate> result =
                await _client.GetBlockTemplateAsync(_options.Wallet.Text, TemplateRules.ReserveSize, cancellation);
            if (!result.TryGet(out DaemonTemplate? raw, out DaemonError? error))
                return error;
            if (raw.PreviousId == info.TopBlockHash || attempt == MaxAttempts)
                return await AdoptAsync(raw, info, cancellation);
            DaemonResult<DaemonInfo> later = await _client.GetInfoAsync(cancellation);
            if (!later.TryGet(out DaemonInfo? newer, out error))
                return error;
            info = newer;
        }
    }

    private async Task<DaemonError?> AdoptAsync(DaemonTemplate raw, DaemonInfo info, CancellationToken cancellation)
    {
        if (!TemplateRules.Check(raw, info).TryGet(out BlockTemplate? template, out DaemonError? error))
            return error;
        if (_history.FindContradiction(raw) is { } contradiction)
            return new DaemonError(DaemonFault.BadTemplate, contradiction);
        if (!_history.IsSeedKnown(raw.SeedHeight) && await CheckSeedAsync(raw, cancellation) is { } fault)
            return fault;
        _history.Learn(raw);
        _jobTimestamp = _time.GetTimestamp();
        _status = _status with { Height = raw.Height };
        _job = new DaemonJob(template, raw, raw.Difficulty, null);
        return null;
    }

    /// <summary>The key has to be the id of the block that the daemon itself has at the seed height.</summary>
    private async Task<DaemonError?> CheckSeedAsync(DaemonTemplate raw, CancellationToken cancellation)
    {
        DaemonResult<DaemonHeader> result = await _client.GetHeaderByHeightAsync(raw.SeedHeight, cancellation);
        if (!result.TryGet(out DaemonHeader? header, out DaemonError? error))
            return error;
        return header.Height == raw.SeedHeight && header.Hash == raw.SeedHash
            ? null
            : new DaemonError(DaemonFault.BadTemplate, $"its seed hash is not the id of its block {raw.SeedHeight}");
    }
}
