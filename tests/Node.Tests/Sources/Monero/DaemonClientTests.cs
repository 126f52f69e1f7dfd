using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>Every misbehaviour is a result, never an exception.</summary>
[TestFixture]
internal sealed class DaemonClientTests
{
    [Test]
    public async Task Info_IsRead()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        DaemonInfo? info = (await client.GetInfoAsync(CancellationToken.None)).Value;
        Assert.That(info, Is.EqualTo(new DaemonInfo(10, daemon.Chain.IdAt(9), 1000, "fakechain", true, 0, false, SampleTemplate.Timestamp)));
    }

    [Test]
    public async Task Template_IsRead()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        DaemonTemplate? template = (await client.GetBlockTemplateAsync("wallet", TemplateRules.ReserveSize, CancellationToken.None)).Value;
        Assert.That(template, Is.Not.Null);
        Assert.That(template!.Blob, Is.EqualTo(SampleTemplate.Blob(10, daemon.Chain.IdAt(9), out int offset)));
        Assert.That((template.ReservedOffset, template.Height, template.Difficulty), Is.EqualTo((offset, 10UL, (UInt128)1000)));
        Assert.That(template.SeedHash, Is.EqualTo(daemon.Chain.IdAt(0)));
        Assert.That(template.NextSeedHash, Is.Null, "an empty string means none");
    }

    [Test]
    public async Task Difficulty_Of128BitsIsRead()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Tamper = (_, answer) =>
        {
            answer["result"]!["wide_difficulty"] = "0x30000000000000007";
            answer["result"]!["difficulty_top64"] = 3;
            answer["result"]!["difficulty"] = 7;
        };
        using DaemonClient client = daemon.Client();
        Assert.That((await client.GetInfoAsync(CancellationToken.None)).Value!.Difficulty, Is.EqualTo(new UInt128(3, 7)));
    }

    [TestCase("", DaemonFault.BadAnswer)]
    [TestCase("<html>It works!</html>", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":", DaemonFault.BadAnswer)]
    [TestCase("[]", DaemonFault.BadAnswer)]
    [TestCase("null", DaemonFault.BadAnswer)]
    [TestCase("{}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":[]}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":{}}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":{\"status\":\"OK\"}}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":{\"status\":\"\\ud800\"}}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":{\"status\":\"OK\",\"status\":\"OK\"}}", DaemonFault.BadAnswer)]
    [TestCase("{\"result\":{\"status\":\"BUSY\"}}", DaemonFault.Busy)]
    [TestCase("{\"result\":{\"status\":\"PAYMENT REQUIRED\"}}", DaemonFault.RpcError)]
    [TestCase("{\"error\":{\"code\":-9,\"message\":\"Core is busy\"}}", DaemonFault.Busy)]
    [TestCase("{\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}", DaemonFault.Restricted)]
    [TestCase("{\"error\":{\"code\":-5,\"message\":\"Internal error\"}}", DaemonFault.RpcError)]
    [TestCase("{\"error\":{}}", DaemonFault.RpcError)]
    public async Task Answer_BecomesFault(string answer, DaemonFault fault)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.RespondText(answer);
        Assert.That((await InfoErrorAsync(daemon)).Fault, Is.EqualTo(fault));
    }

    [TestCase(StatusCodes.Status401Unauthorized, DaemonFault.Unauthorized)]
    [TestCase(StatusCodes.Status403Forbidden, DaemonFault.Restricted)]
    [TestCase(StatusCodes.Status404NotFound, DaemonFault.BadAnswer)]
    [TestCase(StatusCodes.Status302Found, DaemonFault.BadAnswer)]
    [TestCase(StatusCodes.Status500InternalServerError, DaemonFault.BadAnswer)]
    public async Task HttpStatus_BecomesFault(int status, DaemonFault fault)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.RespondText("no", status);
        Assert.That((await InfoErrorAsync(daemon)).Fault, Is.EqualTo(fault));
    }

    [TestCase("height", "-1")]
    [TestCase("height", "1.5")]
    [TestCase("height", "18446744073709551616")]
    [TestCase("height", "\"10\"")]
    [TestCase("height", "null")]
    [TestCase("top_block_hash", "\"00\"")]
    [TestCase("synchronized", "1")]
    [TestCase("nettype", "{}")]
    [TestCase("wide_difficulty", "\"1000\"")]
    [TestCase("wide_difficulty", "\"0x3e9\"")]
    [TestCase("wide_difficulty", "\"0x100000000000000000000000000000000\"")]
    [TestCase("difficulty_top64", "1")]
    public async Task MalformedField_IsNamed(string field, string value)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Tamper = (_, answer) => answer["result"]![field] = System.Text.Json.Nodes.JsonNode.Parse(value);
        DaemonError error = await InfoErrorAsync(daemon);
        Assert.That(error.Fault, Is.EqualTo(DaemonFault.BadAnswer));
        Assert.That(error.Message, Does.Contain(field == "difficulty_top64" ? "wide_difficulty" : field));
    }

    [Test]
    public async Task EndlessAnswer_IsCutOff()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        long sent = 0;
        daemon.Respond = async context =>
        {
            var chunk = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(chunk);
                Interlocked.Add(ref sent, chunk.Length);
            }
        };
        DaemonError error = await InfoErrorAsync(daemon);
        Assert.That((error.Fault, error.Message), Is.EqualTo((DaemonFault.BadAnswer, $"its answer is longer than {DaemonClient.MaxAnswerBytes} bytes")));
    }

    [Test]
    public async Task AnnouncedLength_IsNotAllocated()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Respond = async context =>
        {
            context.Response.ContentLength = 1L << 40;
            await context.Response.WriteAsync("{");
            context.Abort();
        };
        Assert.That((await InfoErrorAsync(daemon)).Fault, Is.EqualTo(DaemonFault.Unreachable));
    }

    [Test]
    public async Task Timeout_IsAResultAndCancellationAnException()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Respond = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        using DaemonClient hasty = daemon.Client(TimeSpan.FromMilliseconds(50));
        Assert.That((await hasty.GetInfoAsync(CancellationToken.None)).Error!.Fault, Is.EqualTo(DaemonFault.Timeout));

        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using DaemonClient patient = daemon.Client();
        Assert.That(async () => await patient.GetInfoAsync(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task ClosedPort_IsUnreachable()
    {
        FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        await daemon.DisposeAsync();
        Assert.That((await client.GetInfoAsync(CancellationToken.None)).Error!.Fault, Is.EqualTo(DaemonFault.Unreachable));
    }

    [Test]
    public async Task SelfSignedCertificate_IsExplained()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(certificate: certificate);
        DaemonError error = await InfoErrorAsync(daemon);
        Assert.That(error.Fault, Is.EqualTo(DaemonFault.Unreachable));
        Assert.That(error.Message, Does.Contain("certificate is not trusted"));
    }

    [Test]
    public async Task ErrorMessage_StaysOnOneLine()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.RespondText("{\"error\":{\"code\":1,\"message\":\"a\\r\\n[2026] forged line\\u001b[31m" + new string('x', 5000) + "\"}}");
        string message = (await InfoErrorAsync(daemon)).Message;
        Assert.That(message, Does.Not.Match("[\\x00-\\x1f]"));
        Assert.That(message, Has.Length.LessThan(300));
    }

    [Test]
    public async Task Submission_SendsTheBlockInHex()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        byte[] block = [1, 2, 0xff];
        Assert.That(await client.SubmitBlockAsync(block, CancellationToken.None), Is.Null);
        Assert.That(daemon.Chain.Submitted, Is.EqualTo(new[] { block }));

        daemon.Chain.OnSubmit = _ => (-7, "Block not accepted");
        DaemonError? error = await client.SubmitBlockAsync(block, CancellationToken.None);
        Assert.That((error!.Fault, error.RpcCode), Is.EqualTo((DaemonFault.RpcError, RpcErrors.BlockNotAccepted)));
    }

    private static async Task<DaemonError> InfoErrorAsync(FakeDaemon daemon)
    {
        using DaemonClient client = daemon.Client();
        DaemonResult<DaemonInfo> result = await client.GetInfoAsync(CancellationToken.None);
        Assert.That(result.Value, Is.Null);
        return result.Error!;
    }
}
