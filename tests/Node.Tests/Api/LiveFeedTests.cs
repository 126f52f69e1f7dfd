using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Api;
using P2PMiner.Node.Api.Live;

namespace P2PMiner.Node.Tests.Api;

[TestFixture]
internal sealed class LiveFeedTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client = new() { Timeout = Longest };

    [OneTimeTearDown]
    public void OneTimeTearDown() => _client.Dispose();

    [Test]
    public async Task Stream_begins_with_everything_and_goes_on_with_news()
    {
        await using ApiServer server = await StartAsync();
        using HttpResponseMessage answer = await OpenAsync(server);
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("text/event-stream"));
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.That(await LineAsync(reader), Does.StartWith("retry: "));

        List<string> names = [];
        while (names.Count < 8)
            names.Add((await EventAsync(reader)).Name);

        Assert.That(names, Is.EqualTo(new[] { "status", "cluster", "history", "shares", "contributions", "hardware", "status", "cluster" }));
    }

    [Test]
    public async Task Events_are_the_bodies_of_the_resources()
    {
        await using ApiServer server = await StartAsync();
        using HttpResponseMessage answer = await OpenAsync(server);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (string name, string data) = await EventAsync(reader);
        using JsonDocument sent = JsonDocument.Parse(data);
        using JsonDocument asked = JsonDocument.Parse(await _client.GetStringAsync(new Uri(server.Address, "/api/v1/" + name)));
        Assert.That(JsonElement.DeepEquals(sent.RootElement, asked.RootElement), Is.True);
    }

    [Test]
    public async Task Stop_of_the_server_ends_the_streams()
    {
        ApiServer server = await StartAsync();
        using HttpResponseMessage answer = await OpenAsync(server);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await EventAsync(reader);

        await server.DisposeAsync();

        // The end of the body, not a broken connection.
        Assert.That(await reader.ReadToEndAsync().WaitAsync(Longest), Is.Not.Null);
    }

    [Test]
    public async Task Too_many_clients_are_told_so_and_a_place_that_is_left_is_free_again()
    {
        await using ApiServer server = await StartAsync();
        List<HttpResponseMessage> answers = [];
        for (int i = 0; i < EventHub.MaxClients; i++)
            answers.Add(await OpenAsync(server));
        using (HttpResponseMessage refused = await OpenAsync(server))
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));

        foreach (HttpResponseMessage answer in answers)
        {
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            answer.Dispose();
        }
        await Cluster.Wait.UntilAsync(
            () =>
            {
                using HttpResponseMessage again = OpenAsync(server).GetAwaiter().GetResult();
                return again.StatusCode == HttpStatusCode.OK;
            },
            "a place is free");
    }

    [Test]
    public void Client_that_does_not_read_is_dropped_and_the_others_are_not()
    {
        var hub = new EventHub();
        Assert.That(hub.TryJoin(out EventClient? slow), Is.True);
        Assert.That(hub.TryJoin(out EventClient? quick), Is.True);
        for (int i = 0; i <= EventClient.QueueLength; i++)
        {
            hub.Publish([(byte)i]);
            Assert.That(quick!.Frames.TryRead(out byte[]? frame), Is.True);
            Assert.That(frame![0], Is.EqualTo(i));
        }

        Assert.That(slow!.Dropped.IsCancellationRequested, Is.True);
        Assert.That(quick!.Dropped.IsCancellationRequested, Is.False);
        Assert.That(hub.Count, Is.EqualTo(1));
        hub.Leave(slow);
        hub.Leave(quick);
        Assert.That(hub.Count, Is.Zero);
    }

    [Test]
    public void Closed_hub_ends_its_streams_and_takes_no_more()
    {
        var hub = new EventHub();
        Assert.That(hub.TryJoin(out EventClient? client), Is.True);
        hub.Close();
        Assert.That(client!.Frames.Completion.IsCompleted, Is.True);
        Assert.That(hub.TryJoin(out _), Is.False);
        hub.Leave(client);
    }

    private static Task<ApiServer> StartAsync() => ApiServer.StartAsync(
        new IPEndPoint(IPAddress.Loopback, 0), null, SampleStatus.Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private Task<HttpResponseMessage> OpenAsync(ApiServer server) =>
        _client.GetAsync(new Uri(server.Address, "/api/v1/events"), HttpCompletionOption.ResponseHeadersRead);

    private static async Task<string?> LineAsync(StreamReader reader) => await reader.ReadLineAsync().WaitAsync(Longest);

    private static async Task<(string Name, string Data)> EventAsync(StreamReader reader)
    {
        string name = "";
        string data = "";
        while (await LineAsync(reader) is string line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data += line[6..];
            else if (line.Length == 0 && data.Length > 0)
                return (name, data);
        }
        throw new AssertionException("the stream ended");
    }
}
