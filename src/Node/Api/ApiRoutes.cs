using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api.Live;

namespace P2PMiner.Node.Api;

/// <summary>Checks who asks, and answers. Everything is read-only.</summary>
internal sealed class ApiRoutes
{
    private const string JsonType = "application/json; charset=utf-8";
    private const string PrometheusType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly BearerToken? _token;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Func<HttpContext, Task>> _routes;
    private readonly WebPage _page = new();

    public ApiRoutes(ApiSources sources, Func<string> metrics, LiveFeed feed, BearerToken? token, ILogger logger)
    {
        _token = token;
        _logger = logger;
        _routes = new Dictionary<string, Func<HttpContext, Task>>
        {
            ["/api/v1/status"] = context => Json(context, sources.Status(), NodeJson.Default.NodeStatus),
            ["/api/v1/hardware"] = context => Json(context, sources.Hardware(), NodeJson.Default.HardwareReport),
            ["/api/v1/shares"] = context => Json(context, new ShareList(sources.Shares()), NodeJson.Default.ShareList),
            ["/api/v1/peers"] = context => Json(context, new PeerList(sources.Peers()), NodeJson.Default.PeerList),
            ["/api/v1/cluster"] = context => Json(context, sources.Cluster(), NodeJson.Default.ClusterReport),
            ["/api/v1/contributions"] = context => Json(context, sources.Contributions(), NodeJson.Default.ContributionReport),
            ["/api/v1/history"] = context => Json(context, sources.History.Read(), NodeJson.Default.HistoryReport),
            ["/api/v1/events"] = context => Events(context, feed),
            ["/health/live"] = context => Json(context, new HealthStatus("live"), NodeJson.Default.HealthStatus),
            ["/health/ready"] = context => Ready(context, sources.Status()),
            ["/metrics"] = context => Text(context, metrics()),
        };
    }

    public async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (Refusal(context) is (int status, string reason))
        {
            await Error(context, status, reason);
            return;
        }
        if (_page.Has(context.Request.Path.Value!))
        {
            await _page.ServeAsync(context);
            return;
        }
        try
        {
            await _routes[context.Request.Path.Value!](context);
        }
        catch (Exception error) when (error is not OperationCanceledException && !context.Response.HasStarted)
        {
            _logger.LogError(error, "HTTP API: answering {Path} failed", context.Request.Path.Value);
            await Error(context, StatusCodes.Status500InternalServerError, "internal error; the node's log has more");
        }
    }

    private (int Status, string Reason)? Refusal(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (_token is null && !IsLoopbackName(request.Host.Host))
        {
            // A foreign web page can make a browser resolve the page's own name to 127.0.0.1; the name gives it away.
            return (StatusCodes.Status421MisdirectedRequest, "ask for localhost or a loopback address");
        }
        bool isPage = _page.Has(request.Path.Value ?? "");
        if (_token is not null && !isPage && !_token.IsShownBy(request.Headers.Authorization))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return (StatusCodes.Status401Unauthorized, "send the header Authorization: Bearer TOKEN");
        }
        if (!isPage && !_routes.ContainsKey(request.Path.Value ?? ""))
            return (StatusCodes.Status404NotFound, "no such resource; there are " + string.Join(", ", _routes.Keys));
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return (StatusCodes.Status405MethodNotAllowed, "only GET and HEAD are allowed");
        }
        return null;
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private static Task Ready(HttpContext context, NodeStatus status)
    {
        if (!status.Ready)
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        string state = JsonNamingPolicy.CamelCase.ConvertName(status.State.ToString());
        return Json(context, new HealthStatus(status.Ready ? "ready" : state), NodeJson.Default.HealthStatus);
    }

    private static async Task Events(HttpContext context, LiveFeed feed)
    {
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        if (!await feed.TryServeAsync(context))
            await Error(context, StatusCodes.Status503ServiceUnavailable, "too many clients of the event stream, or the node stops; try again later");
    }

    private static Task Error(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return Json(context, new ApiError(reason), NodeJson.Default.ApiError);
    }

    private static Task Json<T>(HttpContext context, T body, JsonTypeInfo<T> type)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(body, type);
        context.Response.ContentType = JsonType;
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static Task Text(HttpContext context, string body)
    {
        context.Response.ContentType = PrometheusType;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
