using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>A running <see cref="DaemonSource"/>, stopped with this object.</summary>
internal sealed class DaemonHarness : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DaemonClient[] _clients;
    private readonly Task _run;

    public DaemonHarness(DaemonSourceOptions options, params string[] urls)
    {
        _clients = [.. urls.Select(ClientOf)];
        Source = new DaemonSource(_clients, options, TimeProvider.System, NullLogger<DaemonSource>.Instance);
        _run = Source.RunAsync(_stop.Token);
    }

    public DaemonSource Source { get; }

    public IReadOnlyList<DaemonClient> Clients => _clients;

    public static DaemonSourceOptions Options(string wallet = MonerodFixture.AnyAddress)
    {
        Assert.That(MoneroAddress.TryParse(wallet, out MoneroAddress? address, out string error), Is.True, error);
        return new DaemonSourceOptions
        {
            Wallet = address!,
            PollInterval = TimeSpan.FromMilliseconds(100),
            QuietPollInterval = TimeSpan.FromMilliseconds(200),
        };
    }

    public static DaemonClient ClientOf(string url)
    {
        Assert.That(DaemonEndpoint.TryParse(url, out DaemonEndpoint? endpoint, out string error), Is.True, error);
        return new DaemonClient(endpoint!, Wait.Longest, TimeProvider.System);
    }

    /// <summary>The next job that meets the condition; fails the test when none comes.</summary>
    public async Task<DaemonJob> NextJobAsync(Func<DaemonJob, bool> condition)
    {
        DaemonJob? found = null;
        await Wait.UntilAsync(
            () =>
            {
                while (found is null && Source.Jobs.TryRead(out DaemonJob? job))
                    found = condition(job) ? job : null;
                return Task.FromResult(found is not null || _run.IsCompleted);
            },
            Explain);
        return found ?? throw new AssertionException("the source stopped");
    }

    public Task UntilAsync(Func<DaemonSourceStatus, bool> condition) =>
        Wait.UntilAsync(() => Task.FromResult(condition(Source.Status)), Explain);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.That(async () => await _run, Throws.InstanceOf<OperationCanceledException>());
        foreach (DaemonClient client in _clients)
            client.Dispose();
        _stop.Dispose();
    }

    private string Explain() => $"daemons: {string.Join(", ", Source.Status.Daemons)}";
}
