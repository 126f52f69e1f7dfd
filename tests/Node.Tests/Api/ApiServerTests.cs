using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Api;

[TestFixture]
internal sealed class ApiServerTests
{
    private const string Token = "0123456789abcdefghij";

    private readonly HttpClient _client = new();
    private NodeStatus _status = null!;
    private Func<NodeStatus> _source = null!;
    private ApiServer? _server;

    [SetUp]
    public void SetUp()
    {
        _status = SampleStatus.Create();
        _source = () => _status;
    }

    [TearDown]
    public async Task TearDown()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = null;
    }

    [OneTimeTearDown]
    public void OneTimeTearDown() => _client.Dispose();

    [Test]
    public async Task Status_has_the_contract_fields()
    {
        using JsonDocument json = JsonDocument.Parse(await GetText("/api/v1/status"));
        JsonElement root = json.RootElement;
        foreach (string field in new[]
        {
            "version", "peerId", "listen", "mode", "role", "cluster", "uptimeSeconds", "algorithm", "engine", "memory", "pages",
            "threads", "hashrate", "totalHashes", "job", "shares", "blocks", "chain", "dataset", "clusterTotals",
        })
            Assert.That(root.TryGetProperty(field, out _), Is.True, field);
        Assert.That(Fields(root, "hashrate"), Is.EqualTo(new[] { "s10", "s60", "m15", "max" }));
        Assert.That(Fields(root, "job"), Is.EqualTo(new[] { "source", "height", "difficulty", "key", "publisher", "switchSeconds", "publisherName" }));
        Assert.That(Fields(root, "shares"), Is.EqualTo(new[] { "found", "accepted", "rejected", "stale" }));
        Assert.That(Fields(root, "blocks"), Is.EqualTo(new[] { "found", "accepted", "rejected", "relayed", "suppressed" }));
        Assert.That(Fields(root, "chain"), Is.EqualTo(new[] { "height", "tip", "difficulty" }));
        Assert.That(Fields(root, "dataset"), Is.SupersetOf(new[] { "key", "state", "progress", "localChunks", "remoteChunks" }));
        Assert.That(Fields(root, "clusterTotals"), Is.EqualTo(new[] { "peers", "hashrate" }));
        Assert.That(root.GetProperty("state").GetString(), Is.EqualTo("mining"));
        Assert.That(root.GetProperty("hashrate").GetProperty("s10").GetDouble(), Is.EqualTo(1234.5));
        Assert.That(root.GetProperty("hashrate").GetProperty("m15").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(root.GetProperty("job").GetProperty("difficulty").GetRawText(), Is.EqualTo("340282366920938463463374607431768211455"));
    }

    [Test]
    public async Task Status_survives_the_way_to_a_client()
    {
        Uri address = (await Start()).Address;
        NodeStatus received = await StatusClient.GetStatusAsync(IPEndPoint.Parse(address.Authority), null, CancellationToken.None);
        Assert.That(JsonSerializer.Serialize(received, NodeJson.Default.NodeStatus),
            Is.EqualTo(JsonSerializer.Serialize(_status, NodeJson.Default.NodeStatus)));
    }

    [Test]
    public async Task Shares_are_listed_and_hardware_is_described()
    {
        using JsonDocument shares = JsonDocument.Parse(await GetText("/api/v1/shares"));
        JsonElement share = shares.RootElement.GetProperty("shares")[0];
        Assert.That(share.GetProperty("state").GetString(), Is.EqualTo("accepted"));
        using JsonDocument hardware = JsonDocument.Parse(await GetText("/api/v1/hardware"));
        Assert.That(hardware.RootElement.EnumerateObject().Select(property => property.Name),
            Is.EqualTo(new[] { "hardware", "threadPlan", "memoryPlan" }));
    }

    [TestCase(NodeState.Starting, HttpStatusCode.ServiceUnavailable, "starting")]
    [TestCase(NodeState.Stopping, HttpStatusCode.ServiceUnavailable, "stopping")]
    [TestCase(NodeState.Mining, HttpStatusCode.OK, "ready")]
    [TestCase(NodeState.Paused, HttpStatusCode.OK, "ready")]
    [TestCase(NodeState.Idle, HttpStatusCode.OK, "ready")]
    public async Task Readiness_follows_the_state_and_liveness_does_not(NodeState state, HttpStatusCode expected, string word)
    {
        _status = _status with { State = state };
        using HttpResponseMessage ready = await Get("/health/ready");
        Assert.That(ready.StatusCode, Is.EqualTo(expected));
        Assert.That(await ready.Content.ReadAsStringAsync(), Does.Contain($"\"{word}\""));
        using HttpResponseMessage live = await Get("/health/live");
        Assert.That(live.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Unknown_resources_and_methods_are_refused()
    {
        using HttpResponseMessage unknown = await Get("/api/v1/nothing");
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        using HttpResponseMessage post = await _client.PostAsync(new Uri(_server!.Address, "/api/v1/status"), new StringContent("{}"));
        Assert.That(post.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    [TestCase("evil.example", HttpStatusCode.MisdirectedRequest)]
    [TestCase("localhost.evil.example", HttpStatusCode.MisdirectedRequest)]
    [TestCase("192.168.1.1:8420", HttpStatusCode.MisdirectedRequest)]
    [TestCase("localhost:1", HttpStatusCode.OK)]
    [TestCase("LOCALHOST", HttpStatusCode.OK)]
    [TestCase("127.0.0.1", HttpStatusCode.OK)]
    [TestCase("[::1]:8420", HttpStatusCode.OK)]
    public async Task Host_that_is_not_loopback_is_refused(string host, HttpStatusCode expected)
    {
        await Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server!.Address, "/health/live"));
        request.Headers.Host = host;
        using HttpResponseMessage answer = await _client.SendAsync(request);
        Assert.That(answer.StatusCode, Is.EqualTo(expected));
    }

    [TestCase(null, HttpStatusCode.Unauthorized)]
    [TestCase("Bearer 0123456789abcdefghi", HttpStatusCode.Unauthorized)]
    [TestCase("Bearer 0123456789abcdefghijk", HttpStatusCode.Unauthorized)]
    [TestCase("Basic 0123456789abcdefghij", HttpStatusCode.Unauthorized)]
    [TestCase("Bearer ", HttpStatusCode.Unauthorized)]
    [TestCase("Bearer " + Token, HttpStatusCode.OK)]
    [TestCase("bearer " + Token, HttpStatusCode.OK)]
    public async Task Token_is_required_for_everything(string? authorization, HttpStatusCode expected)
    {
        using var file = new TokenFile(Token);
        await Start(token: BearerToken.Read(file.Path));
        foreach (string path in new[] { "/api/v1/status", "/api/v1/cluster", "/api/v1/events", "/health/live", "/metrics", "/nothing" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server!.Address, path));
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.That(answer.StatusCode, Is.EqualTo(path == "/nothing" && expected == HttpStatusCode.OK ? HttpStatusCode.NotFound : expected));
        }
    }

    [Test]
    public async Task Client_explains_what_is_wrong()
    {
        using var file = new TokenFile(Token);
        var token = BearerToken.Read(file.Path);
        Uri address = (await Start(token: token)).Address;
        IPEndPoint endPoint = IPEndPoint.Parse(address.Authority);
        Assert.That(() => StatusClient.GetStatusAsync(endPoint, null, CancellationToken.None), Throws.TypeOf<IOException>().With.Message.Contains("--http-token"));
        Assert.That((await StatusClient.GetStatusAsync(endPoint, token, CancellationToken.None)).Version, Is.EqualTo("1.2.3"));
        await _server!.DisposeAsync();
        _server = null;
        Assert.That(() => StatusClient.GetStatusAsync(endPoint, token, CancellationToken.None), Throws.TypeOf<IOException>().With.Message.Contains("no node answers"));
    }

    [Test]
    public void Beyond_loopback_without_a_token_does_not_start() =>
        Assert.That(
            () => ApiServer.StartAsync(new IPEndPoint(IPAddress.Any, 0), null, Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None),
            Throws.ArgumentException);

    [Test]
    public async Task Port_in_use_says_what_to_do()
    {
        var endPoint = IPEndPoint.Parse((await Start()).Address.Authority);
        Assert.That(
            () => ApiServer.StartAsync(endPoint, null, Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None),
            Throws.TypeOf<IOException>().With.Message.Contains($"{endPoint} is in use").And.Message.Contains("--http"));
    }

    [Test]
    public async Task Failing_source_is_an_error_of_the_server()
    {
        await Start();
        _source = () => throw new InvalidOperationException("secret detail");
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server!.Address, "/api/v1/status"));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Not.Contain("secret"));
    }

    [Test]
    public async Task Oversized_request_is_refused_and_the_server_goes_on()
    {
        Uri address = (await Start()).Address;
        foreach (string request in new[]
        {
            $"GET /{new string('a', 4000)} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET / HTTP/1.1\r\nHost: localhost\r\nX: {new string('a', 20_000)}\r\n\r\n",
            "\0\u0001\u0002 garbage\r\n\r\n",
        })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(address.Host, address.Port);
            NetworkStream stream = socket.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            using var reader = new StreamReader(stream);
            string? line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.That(line, Does.StartWith("HTTP/1.1 4"));
        }
        Assert.That(await GetText("/health/live"), Does.Contain("live"));
    }

    [TestCase("short", UnixFileMode.UserRead, "no token")]
    [TestCase(Token, UnixFileMode.UserRead | UnixFileMode.GroupRead, "chmod 600")]
    [TestCase(Token, UnixFileMode.UserRead | UnixFileMode.OtherWrite, "chmod 600")]
    [TestCase("has spaces in it, so it is none", UnixFileMode.UserRead, "no token")]
    [Platform("Linux,MacOSX")]
    public void Unsafe_token_file_is_refused(string contents, UnixFileMode mode, string expected)
    {
        using var file = new TokenFile(contents, mode);
        Assert.That(() => BearerToken.Read(file.Path), Throws.TypeOf<UsageException>().With.Message.Contains(expected));
    }

    [Test]
    public void Missing_token_file_is_refused() =>
        Assert.That(() => BearerToken.Read("/nonexistent/token"), Throws.TypeOf<UsageException>().With.Message.Contains("/nonexistent/token"));

    private static string[] Fields(JsonElement root, string name) =>
        [.. root.GetProperty(name).EnumerateObject().Select(property => property.Name)];

    private async Task<ApiServer> Start(BearerToken? token = null) =>
        _server ??= await ApiServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), token, Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private ApiSources Sources() => SampleStatus.Sources() with { Status = () => _source() };

    private async Task<HttpResponseMessage> Get(string path) => await _client.GetAsync(new Uri((await Start()).Address, path));

    private async Task<string> GetText(string path)
    {
        using HttpResponseMessage answer = await Get(path);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>A token file that lives as long as this object.</summary>
    private sealed class TokenFile : IDisposable
    {
        public TokenFile(string contents, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
        {
            Path = System.IO.Path.GetTempFileName();
            File.WriteAllText(Path, contents + "\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path, mode);
        }

        public string Path { get; }

        public void Dispose() => File.Delete(Path);
    }
}
