using System.Buffers;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.Json;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// One Monero daemon's JSON-RPC (docs.getmonero.org/rpc-library/monerod-rpc/). Whatever the daemon does becomes a
/// result: a value or a <see cref="DaemonError"/>. Only the caller's own cancellation is thrown. Any number of calls
/// may run at once.
/// </summary>
internal sealed class DaemonClient : IDisposable
{
    /// <summary>The longest answer that is read, in bytes: the hex of the largest template, and room for the rest.</summary>
    public const int MaxAnswerBytes = 4 * 1024 * 1024;

    private const int FirstBufferBytes = 16 * 1024;
    private const int MaxHeaderKiB = 16;
    private const int MaxConnections = 4;
    private const int MaxJsonDepth = 8;
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(3);

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxJsonDepth, AllowDuplicateProperties = false };

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;

    /// <param name="endpoint">Where the daemon is.</param>
    /// <param name="timeout">For one call from connecting to the last byte.</param>
    /// <param name="time">Measures the time-out.</param>
    public DaemonClient(DaemonEndpoint endpoint, TimeSpan timeout, TimeProvider time)
    {
        Endpoint = endpoint;
        _timeout = timeout;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            Credentials = endpoint.Login,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxConnectionsPerServer = MaxConnections,
            MaxResponseHeadersLength = MaxHeaderKiB,
            MaxResponseDrainSize = 0,
            ConnectTimeout = timeout < LongestConnect ? timeout : LongestConnect,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public DaemonEndpoint Endpoint { get; }

    public Task<DaemonResult<DaemonInfo>> GetInfoAsync(CancellationToken cancellation) =>
        CallAsync("get_info", null, DaemonInfo.Parse, cancellation);

    /// <param name="wallet">The address that the coinbase is to pay.</param>
    /// <param name="reserveSize">Bytes to reserve in the coinbase, at most 255.</param>
    /// <param name="cancellation">The caller's.</param>
    public Task<DaemonResult<DaemonTemplate>> GetBlockTemplateAsync(string wallet, int reserveSize, CancellationToken cancellation) =>
        CallAsync(
            "get_block_template",
            json =>
            {
                json.WriteStartObject();
                json.WriteString("wallet_address", wallet);
                json.WriteNumber("reserve_size", reserveSize);
                json.WriteEndObject();
            },
            DaemonTemplate.Parse,
            cancellation);

    /// <summary>
    /// Hands a block over. monerod answers OK to every block that is not plainly invalid, also to one whose parent it
    /// does not know and therefore drops: only <see cref="GetHeaderByHashAsync"/> tells whether it has the block.
    /// </summary>
    /// <returns>Null for OK.</returns>
    public async Task<DaemonError?> SubmitBlockAsync(ReadOnlyMemory<byte> block, CancellationToken cancellation)
    {
        DaemonResult<object> result = await CallAsync(
            "submit_block",
            json =>
            {
                json.WriteStartArray();
                json.WriteStringValue(Convert.ToHexStringLower(block.Span));
                json.WriteEndArray();
            },
            Acknowledgement,
            cancellation);
        return result.Error;
    }

    /// <summary>The header of a block on the daemon's main chain or on an alternative one.</summary>
    public Task<DaemonResult<DaemonHeader>> GetHeaderByHashAsync(Hash256 id, CancellationToken cancellation) =>
        CallAsync(
            "get_block_header_by_hash",
            json =>
            {
                json.WriteStartObject();
                json.WriteString("hash", id.ToString());
                json.WriteEndObject();
            },
            DaemonHeader.Parse,
            cancellation);

    /// <summary>The header of a block on the daemon's main chain.</summary>
    public Task<DaemonResult<DaemonHeader>> GetHeaderByHeightAsync(ulong height, CancellationToken cancellation) =>
        CallAsync(
            "get_block_header_by_height",
            json =>
            {
                json.WriteStartObject();
                json.WriteNumber("height", height);
                json.WriteEndObject();
            },
            DaemonHeader.Parse,
            cancellation);

    public void Dispose() => _http.Dispose();

    /// <summary>The answer to a call as it stands in <paramref name="body"/>.</summary>
    /// <param name="body">The whole HTTP body.</param>
    /// <param name="parse">Reads the <c>result</c> object.</param>
    internal static DaemonResult<T> ParseAnswer<T>(ReadOnlyMemory<byte> body, ResultParser<T> parse)
        where T : class
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, Strict);
            return ParseEnvelope(document.RootElement, parse);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // System.Text.Json reports malformed JSON by the first, text that is not Unicode by the second.
            return new DaemonError(DaemonFault.BadAnswer, "its answer is not JSON; is this the address of a monerod?");
        }
    }

    private static DaemonResult<T> ParseEnvelope<T>(JsonElement root, ResultParser<T> parse)
        where T : class
    {
        if (root.ValueKind != JsonValueKind.Object)
            return new DaemonError(DaemonFault.BadAnswer, "its answer is not a JSON object");
        if (root.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object)
            return RpcErrors.FromError(error);
        if (!root.TryGetProperty("result", out JsonElement result) || result.ValueKind != JsonValueKind.Object)
            return new DaemonError(DaemonFault.BadAnswer, "its answer has no result");
        if (RpcErrors.FromStatus(result) is { } fault)
            return fault;
        if (parse(result, out string? problem) is { } value)
            return value;
        return new DaemonError(DaemonFault.BadAnswer, $"its answer is malformed: {problem}");
    }

    private async Task<DaemonResult<T>> CallAsync<T>(
        string method, Action<Utf8JsonWriter>? parameters, ResultParser<T> parse, CancellationToken cancellation)
        where T : class
    {
        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            using HttpRequestMessage request = Request(method, parameters);
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            if (RpcErrors.FromHttpStatus(response.StatusCode, Endpoint.Login is not null) is { } fault)
                return fault;
            (byte[] body, int length) = await ReadBodyAsync(response.Content, linked.Token);
            if (length > MaxAnswerBytes)
                return new DaemonError(DaemonFault.BadAnswer, $"its answer is longer than {MaxAnswerBytes} bytes");
            return ParseAnswer(body.AsMemory(0, length), parse);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new DaemonError(DaemonFault.Timeout, $"no answer to {method} in time");
        }
        catch (HttpRequestException exception) when (exception.InnerException is AuthenticationException)
        {
            return new DaemonError(
                DaemonFault.Unreachable, "its TLS certificate is not trusted: install its certificate, or use http:// on a network you trust");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new DaemonError(DaemonFault.Unreachable, $"no connection: {RpcErrors.OneLine(exception.Message)}");
        }
    }

    private HttpRequestMessage Request(string method, Action<Utf8JsonWriter>? parameters)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            json.WriteString("id", "0");
            json.WriteString("method", method);
            if (parameters is not null)
            {
                json.WritePropertyName("params");
                parameters(json);
            }
            json.WriteEndObject();
        }
        var request = new HttpRequestMessage(HttpMethod.Post, Endpoint.RpcUri) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return request;
    }

    /// <summary>
    /// Reads to the end, or to one byte more than <see cref="MaxAnswerBytes"/>. The buffer grows with what arrives, never
    /// by what the daemon announces.
    /// </summary>
    private static async Task<(byte[] Buffer, int Length)> ReadBodyAsync(HttpContent content, CancellationToken cancellation)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[FirstBufferBytes];
        int length = 0;
        while (length <= MaxAnswerBytes)
        {
            if (length == buffer.Length)
                Array.Resize(ref buffer, Math.Min(2 * buffer.Length, MaxAnswerBytes + 1));
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
                break;
            length += read;
        }
        return (buffer, length);
    }

    private static object? Acknowledgement(JsonElement result, out string? error)
    {
        error = null;
        return string.Empty;
    }
}

/// <summary>Reads a <c>result</c> object; null with an error when a field is missing or malformed.</summary>
internal delegate T? ResultParser<T>(JsonElement result, out string? error)
    where T : class;
