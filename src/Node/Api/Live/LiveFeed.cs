using Microsoft.AspNetCore.Http;
using P2PMiner.Node.Api.History;

namespace P2PMiner.Node.Api.Live;

/// <summary>
/// <c>GET /api/v1/events</c>: everything at first, then what changes. Each snapshot is taken and written once for all
/// clients, and not at all while nobody listens.
/// </summary>
/// <param name="sources">What is told.</param>
/// <param name="time">Paces it.</param>
internal sealed class LiveFeed(ApiSources sources, TimeProvider time)
{
    private const string EventStream = "text/event-stream; charset=utf-8";

    /// <summary>Between two snapshots; also a sign of life, as the node's uptime is in each.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(3);

    /// <summary>A picture of more members than this is told less often.</summary>
    private const int ManyMembers = 64;

    private const int TicksOfMany = 5;

    private readonly EventHub _hub = new();
    private HistoryPoint? _point;
    private IReadOnlyList<ShareStatus> _shares = [];
    private string? _tip;
    private int _tick;

    /// <summary>Clients that listen now.</summary>
    public int Clients => _hub.Count;

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            if (_hub.Count > 0)
                Publish();
        }
    }

    /// <summary>Serves one client until it goes, is too slow, or the server stops.</summary>
    /// <returns>False if there are too many clients, and nothing was sent.</returns>
    public async Task<bool> TryServeAsync(HttpContext context)
    {
        if (!_hub.TryJoin(out EventClient? client))
            return false;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, client.Dropped);
        try
        {
            context.Response.ContentType = EventStream;
            foreach (byte[] frame in Everything())
                await context.Response.Body.WriteAsync(frame, over.Token);
            await context.Response.Body.FlushAsync(over.Token);
            await foreach (byte[] frame in client.Frames.ReadAllAsync(over.Token))
            {
                await context.Response.Body.WriteAsync(frame, over.Token);
                await context.Response.Body.FlushAsync(over.Token);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It went by itself, or was too slow; either way nothing more can be said to it.
            context.Abort();
        }
        finally
        {
            _hub.Leave(client);
        }
        return true;
    }

    /// <summary>Ends all streams.</summary>
    public void Close() => _hub.Close();

    private IEnumerable<byte[]> Everything() =>
    [
        EventFrame.Retry(Retry),
        EventFrame.Of("status", sources.Status()),
        EventFrame.Of("cluster", sources.Cluster()),
        EventFrame.Of("history", sources.History.Read()),
        EventFrame.Of("shares", new ShareList(sources.Shares())),
        EventFrame.Of("contributions", sources.Contributions()),
        EventFrame.Of("hardware", sources.Hardware()),
    ];

    /// <summary>Tells everybody what is new.</summary>
    internal void Publish()
    {
        _hub.Publish(EventFrame.Of("status", sources.Status()));
        ClusterReport cluster = sources.Cluster();
        if (cluster.Members.Count <= ManyMembers || _tick++ % TicksOfMany == 0)
            _hub.Publish(EventFrame.Of("cluster", cluster));
        if (sources.History.Last is { } point && point != _point)
        {
            _point = point;
            _hub.Publish(EventFrame.Of("point", point));
        }
        IReadOnlyList<ShareStatus> shares = sources.Shares();
        if (!shares.SequenceEqual(_shares))
        {
            _shares = shares;
            _hub.Publish(EventFrame.Of("shares", new ShareList(shares)));
        }
        ContributionReport contributions = sources.Contributions();
        if (contributions.Tip != _tip)
        {
            _tip = contributions.Tip;
            _hub.Publish(EventFrame.Of("contributions", contributions));
        }
    }
}
