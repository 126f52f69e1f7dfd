using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Tests.Api;

[TestFixture]
internal sealed class WebPageTests
{
    [Test]
    public async Task Page_is_served_under_a_strict_policy_and_once_only()
    {
        await using ApiServer server = await ApiServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), null, SampleStatus.Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        using var client = new HttpClient();
        using HttpResponseMessage page = await client.GetAsync(server.Address);

        Assert.That(page.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(page.Content.Headers.ContentType!.MediaType, Is.EqualTo("text/html"));
        Assert.That(await page.Content.ReadAsStringAsync(), Does.Contain("p2p-miner").And.Not.Contain("http://").And.Not.Contain("https://"));
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.Contain("default-src 'none'").And.Not.Contain("unsafe"));

        using var again = new HttpRequestMessage(HttpMethod.Get, server.Address);
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using HttpResponseMessage unchanged = await client.SendAsync(again);
        Assert.That(unchanged.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
    }

    [Test]
    public void Program_without_the_page_says_what_to_run()
    {
        using Stream stream = typeof(WebPage).Assembly.GetManifestResourceStream("web/missing.html")!;
        using var reader = new StreamReader(stream);
        Assert.That(reader.ReadToEnd(), Does.Contain("make web"));
    }
}
