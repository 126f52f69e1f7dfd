using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>
/// A daemon on loopback that can be made to misbehave, which a real one cannot. Unless told otherwise it answers as
/// monerod does, over the chain of a <see cref="FakeChain"/>.
/// </summary>
internal sealed class FakeDaemon : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeDaemon(WebApplication app)
    {
        _app = app;
        _app.Run(ServeAsync);
    }

    public FakeChain Chain { get; } = new();

    /// <summary>Changes an answer before it is sent: the method, then the whole answer.</summary>
    public Action<string, JsonObject>? Tamper { get; set; }

    /// <summary>Answers instead of the daemon.</summary>
    public Func<HttpContext, Task>? Respond { get; set; }

    public string Url => _app.Urls.First();

    /// <param name="port">Where to listen; 0 takes a free one.</param>
    /// <param name="certificate">For HTTPS; null serves HTTP.</param>
    public static async Task<FakeDaemon> StartAsync(int port = 0, X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        var daemon = new FakeDaemon(builder.Build());
        await daemon._app.StartAsync();
        return daemon;
    }

    /// <summary>A client of this daemon.</summary>
    public DaemonClient Client(TimeSpan? timeout = null) => ClientOf(Url, timeout);

    public static DaemonClient ClientOf(string url, TimeSpan? timeout = null)
    {
        Assert.That(DaemonEndpoint.TryParse(url, out DaemonEndpoint? endpoint, out string error), Is.True, error);
        return new DaemonClient(endpoint!, timeout ?? TimeSpan.FromMinutes(1), TimeProvider.System);
    }

    /// <summary>Has the daemon answer every request with this text.</summary>
    public void RespondText(string text, int status = StatusCodes.Status200OK) => Respond = context =>
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(text);
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        if (Respond is { } respond)
        {
            await respond(context);
            return;
        }
        using JsonDocument request = await JsonDocument.ParseAsync(context.Request.Body);
        string method = request.RootElement.GetProperty("method").GetString() ?? "";
        request.RootElement.TryGetProperty("params", out JsonElement parameters);
        JsonObject answer = Chain.Answer(method, parameters);
        Tamper?.Invoke(method, answer);
        await context.Response.WriteAsync(answer.ToJsonString());
    }
}

/// <summary>The chain of a <see cref="FakeDaemon"/>, and monerod's answers about it.</summary>
internal sealed class FakeChain
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, (ulong Height, bool Orphan)> _blocks = [];
    private ulong _height = 10;

    /// <summary>Length of the chain: the height of the next block.</summary>
    public ulong Height
    {
        get => Volatile.Read(ref _height);
        set => Volatile.Write(ref _height, value);
    }

    public ulong Difficulty { get; set; } = 1000;

    public string NetType { get; set; } = "fakechain";

    public bool Synchronized { get; set; } = true;

    /// <summary>Distinguishes the blocks of this chain from those of another.</summary>
    public byte Salt { get; set; }

    /// <summary>What the daemon does with a submitted block: an error, or null for OK.</summary>
    public Func<byte[], (int Code, string Message)?> OnSubmit { get; set; } = _ => null;

    /// <summary>Blocks that were submitted, whatever the answer was.</summary>
    public List<byte[]> Submitted { get; } = [];

    /// <summary>Lets the daemon know a block beside those of its chain.</summary>
    public void Know(Hash256 id, ulong height, bool orphan = false)
    {
        lock (_lock)
            _blocks[id] = (height, orphan);
    }

    /// <summary>Id of the block at a height.</summary>
    public Hash256 IdAt(ulong height)
    {
        Span<byte> text = stackalloc byte[9];
        BitConverter.TryWriteBytes(text, height);
        text[8] = Salt;
        return Mining.Monero.Keccak256.Hash(text);
    }

    public JsonObject Answer(string method, JsonElement parameters) => method switch
    {
        "get_info" => Result(Info()),
        "get_block_template" => Result(SampleTemplate.Answer(Height, IdAt(Height - 1), Difficulty, IdAt)),
        "get_block_header_by_height" => Header(IdAt(parameters.GetProperty("height").GetUInt64()), parameters.GetProperty("height").GetUInt64(), false),
        "get_block_header_by_hash" => HeaderOf(Hash256.Parse(parameters.GetProperty("hash").GetString()!)),
        "submit_block" => Submit(Convert.FromHexString(parameters[0].GetString()!)),
        _ => Error(-32601, "Method not found"),
    };

    public static JsonObject Error(int code, string message) => new()
    {
        ["id"] = "0",
        ["jsonrpc"] = "2.0",
        ["error"] = new JsonObject { ["code"] = code, ["message"] = message },
    };

    private static JsonObject Result(JsonObject result)
    {
        result["status"] = "OK";
        result["untrusted"] = false;
        return new JsonObject { ["id"] = "0", ["jsonrpc"] = "2.0", ["result"] = result };
    }

    private JsonObject Info() => new()
    {
        ["height"] = Height,
        ["top_block_hash"] = IdAt(Height - 1).ToString(),
        ["difficulty"] = Difficulty,
        ["difficulty_top64"] = 0,
        ["wide_difficulty"] = $"0x{Difficulty:x}",
        ["nettype"] = NetType,
        ["synchronized"] = Synchronized,
        ["busy_syncing"] = false,
        ["target_height"] = Synchronized ? 0 : 2 * Height,
        ["adjusted_time"] = SampleTemplate.Timestamp,
    };

    private JsonObject HeaderOf(Hash256 id)
    {
        lock (_lock)
        {
            return _blocks.TryGetValue(id, out (ulong Height, bool Orphan) block)
                ? Header(id, block.Height, block.Orphan)
                : Error(-5, $"Internal error: can't get block by hash. Hash = {id}.");
        }
    }

    private static JsonObject Header(Hash256 id, ulong height, bool orphan) => Result(new JsonObject
    {
        ["block_header"] = new JsonObject { ["hash"] = id.ToString(), ["height"] = height, ["orphan_status"] = orphan },
    });

    private JsonObject Submit(byte[] block)
    {
        lock (_lock)
            Submitted.Add(block);
        return OnSubmit(block) is { } error ? Error(error.Code, error.Message) : Result([]);
    }
}
