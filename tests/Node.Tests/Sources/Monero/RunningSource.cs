using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>A <see cref="DaemonSource"/> over fake daemons, with short intervals, stopped with this object.</summary>
internal sealed class RunningSource : IAsyncDisposable
{
    public const string Wallet = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";

    private readonly CancellationTokenSource _stop = new();
    private readonly DaemonClient[] _clients;
    private readonly DaemonSource _source;
    private readonly Task _run;

    public RunningSource(params FakeDaemon[] daemons)
    {
        Assert.That(MoneroAddress.TryParse(Wallet, out MoneroAddress? wallet, out string error), Is.True, error);
        var options = new DaemonSourceOptions
        {
            Wallet = wallet!,
            PollInterval = TimeSpan.FromMilliseconds(10),
            QuietPollInterval = TimeSpan.FromMilliseconds(20),
            TemplateLifetime = TimeSpan.FromMilliseconds(50),
        };
        _clients = [.. daemons.Select(daemon => daemon.Client())];
        _source = new DaemonSource(_clients, options, TimeProvider.System, Log);
        _run = _source.RunAsync(_stop.Token);
    }

    public RecordingLogger<DaemonSource> Log { get; } = new();

    public DaemonSourceStatus Status => _source.Status;

    public Task UntilAsync(Func<DaemonSourceStatus, bool> condition) => Until.TrueAsync(() => condition(Status));

    public async Task<DaemonJob> NextJobAsync()
    {
        using var deadline = new CancellationTokenSource(Until.Deadline);
        return await _source.Jobs.ReadAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.That(async () => await _run, Throws.InstanceOf<OperationCanceledException>());
        foreach (DaemonClient client in _clients)
            client.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Waits for a condition, and fails the test when it does not come true.</summary>
internal static class Until
{
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public static async Task TrueAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
            await Task.Delay(5, deadline.Token);
    }
}
