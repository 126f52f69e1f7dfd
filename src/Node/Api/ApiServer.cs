using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api.Live;
using P2PMiner.Node.Api.Metrics;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Api;

/// <summary>The HTTP API on Kestrel, without configuration files, environment or log of its own.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private const int MaxConnections = 64;
    private const int MaxRequestLine = 2048;
    private const int MaxHeadersTotal = 8192;
    private const int MaxHeaders = 40;
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1);

    private readonly WebApplication _app;
    private readonly NodeMetrics _metrics;
    private readonly LiveFeed _feed;
    private readonly CancellationTokenSource _stop = new();
    private Task _feeding = Task.CompletedTask;

    private ApiServer(WebApplication app, NodeMetrics metrics, LiveFeed feed)
    {
        _app = app;
        _metrics = metrics;
        _feed = feed;
    }

    /// <summary>Where it listens, with the port that was really taken.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Serves as the options say until cancelled; with the API off it only waits.</summary>
    /// <exception cref="IOException">See <see cref="StartAsync"/>.</exception>
    /// <exception cref="UsageException">The token file cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task ServeAsync(NodeOptions options, ApiSources sources, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        if (options.Http is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
            return;
        }
        BearerToken? token = options.HttpToken is string path ? BearerToken.Read(path) : null;
        await using ApiServer server = await StartAsync(options.Http, token, sources, logger, time, cancel);
        logger.LogInformation("HTTP API at {Address}", server.Address);
        await server._feeding.WaitAsync(cancel);
    }

    /// <summary>Starts listening.</summary>
    /// <param name="address">Port 0 takes any free port.</param>
    /// <param name="token">Required of every request; null only for a loopback address.</param>
    /// <param name="sources">What is served.</param>
    /// <param name="logger">Gets failures while answering.</param>
    /// <param name="time">Paces the event stream.</param>
    /// <param name="cancel">Gives up starting.</param>
    /// <exception cref="IOException">The address cannot be listened on; the message says what to do.</exception>
    public static async Task<ApiServer> StartAsync(
        IPEndPoint address, BearerToken? token, ApiSources sources, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        if (token is null && !IPAddress.IsLoopback(address.Address))
            throw new ArgumentException("an address beyond loopback needs a token", nameof(token));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, address));
        WebApplication app = builder.Build();
        var metrics = new NodeMetrics(sources.Status, sources.Cluster);
        var feed = new LiveFeed(sources, time);
        app.Run(new ApiRoutes(sources, metrics.Collect, feed, token, logger).HandleAsync);
        var server = new ApiServer(app, metrics, feed);
        try
        {
            await app.StartAsync(cancel);
            server._feeding = feed.RunAsync(server._stop.Token);
            return server;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await server.DisposeAsync();
            throw new IOException(Explain(address, error), error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _feed.Close();
        await _stop.CancelAsync();
        await _feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timeout = new CancellationTokenSource(StopTimeout);
        await _app.StopAsync(timeout.Token);
        await _app.DisposeAsync();
        _metrics.Dispose();
        _stop.Dispose();
    }

    private static void Configure(KestrelServerOptions options, IPEndPoint address)
    {
        options.AddServerHeader = false;
        KestrelServerLimits limits = options.Limits;
        limits.MaxConcurrentConnections = MaxConnections;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestBodySize = 0;
        limits.MaxRequestLineSize = MaxRequestLine;
        limits.MaxRequestHeadersTotalSize = MaxHeadersTotal;
        limits.MaxRequestHeaderCount = MaxHeaders;
        limits.RequestHeadersTimeout = HeadersTimeout;
        limits.KeepAliveTimeout = KeepAlive;
        options.Listen(address, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private static string Explain(IPEndPoint address, Exception error) => error.InnerException is AddressInUseException
        ? $"{address} is in use, perhaps by another node; choose another address for the HTTP API with --http ADDR:PORT, or --http off"
        : $"the HTTP API cannot listen on {address}: {error.Message}; choose another address with --http ADDR:PORT, or --http off";
}
