using System.Text.Json;
using Microsoft.Playwright;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.Integration.Tests.Web;

/// <summary>The page of a real node in a cluster of two, whose names are those that a stranger with bad intentions would choose.</summary>
[Category("Node")]
[Category("Web")]
public sealed class LivePageTests
{
    private const string FirstName = "<img src=x onerror=alert(1)>";
    private const string SecondName = "<script>alert(2)</script>";

    private string _data = "";
    private NodeProcess _first = null!;
    private NodeProcess _second = null!;
    private string[] _alike = [];
    private Browser _browser = null!;

    [OneTimeSetUp]
    public async Task StartCluster()
    {
        _browser = await Browser.StartAsync();
        _data = Directory.CreateTempSubdirectory("p2p-miner-web-").FullName;
        string cluster = Path.GetFileName(_data);
        _alike = ["--cluster", cluster, "--no-mdns", "--no-dht", "--listen", "/ip4/127.0.0.1/tcp/0", "--threads", "1"];
        _first = NodeProcess.Start(Path.Combine(_data, "1"), [.. _alike, "--name", FirstName]);
        JsonElement status = await _first.UntilAsync(now => now.GetProperty("listen").GetArrayLength() > 0);
        _alike = [.. _alike, "--connect", status.GetProperty("listen")[0].GetString()!];
        _second = NodeProcess.Start(Path.Combine(_data, "2"), [.. _alike, "--name", SecondName]);
        await Task.WhenAll(_first.UntilAsync(IsComplete), _second.UntilAsync(IsComplete));
    }

    [OneTimeTearDown]
    public async Task StopCluster()
    {
        if (_first is not null)
            await _first.DisposeAsync();
        if (_second is not null)
            await _second.DisposeAsync();
        if (_browser is not null)
            await _browser.DisposeAsync();
        if (_data.Length > 0)
            Directory.Delete(_data, recursive: true);
    }

    [TearDown]
    public void NothingWentWrong() => Assert.That(_browser.Complaints, Is.Empty);

    [Test]
    public async Task Page_ShowsTheClusterOfTwoNodes_AndTheHashRate()
    {
        IPage page = await _browser.OpenAsync(_first.Address, 1440, 900);
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Live");
        await Assertions.Expect(page.Locator("#node-hashrate")).ToHaveTextAsync(HashrateAboveZero, Patience);
        await Assertions.Expect(page.Locator("#cluster-hashrate")).ToHaveTextAsync(HashrateAboveZero, Patience);
        await Assertions.Expect(page.Locator("#map .node")).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#map .line")).ToHaveCountAsync(1, new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#map .line-label")).ToContainTextAsync("ms", new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#nodes tbody tr")).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator("#chart canvas")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#events li").First).ToBeVisibleAsync();
        await Browser.KeepAsync(page, "two-nodes-dark");
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_ShowsSharesAndContributions_AsTheNodeTellsThem()
    {
        await _first.UntilAsync(now => now.GetProperty("shares").GetProperty("accepted").GetInt64() > 0);
        IPage page = await _browser.OpenAsync(_first.Address, 1440, 900);
        await Assertions.Expect(page.Locator("#shares tbody tr").First).ToBeVisibleAsync(new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#contributions li bdi").Filter(new() { HasText = FirstName })).ToHaveCountAsync(1, new() { Timeout = Milliseconds });
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_FollowsTheCluster_WhenANodeComesAndGoes()
    {
        IPage page = await _browser.OpenAsync(_first.Address, 1440, 900);
        await Assertions.Expect(page.Locator("#map .node")).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await using (NodeProcess third = NodeProcess.Start(Path.Combine(_data, "3"), [.. _alike, "--name", "third"]))
        {
            await Assertions.Expect(page.Locator("#map .node")).ToHaveCountAsync(3, new() { Timeout = Milliseconds });
            await Assertions.Expect(page.Locator("#nodes tbody th button").Filter(new() { HasText = "third" })).ToHaveCountAsync(1);
        }
        await Assertions.Expect(page.Locator("#map .node")).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#nodes tbody tr")).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_ShowsHostileNamesAsText()
    {
        IPage page = await _browser.OpenAsync(_first.Address, 1440, 900, ColorScheme.Light);
        ILocator names = page.Locator("#nodes tbody th button");
        await Assertions.Expect(names).ToHaveTextAsync([FirstName, SecondName], new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#detail-title")).ToHaveTextAsync(FirstName);
        Assert.That(await page.Locator("main img, main script").CountAsync(), Is.Zero);
        await Browser.KeepAsync(page, "two-nodes-light");
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_FitsAPhone()
    {
        IPage page = await _browser.OpenAsync(_second.Address, 360, 740);
        await Assertions.Expect(page.Locator("#nodes tbody tr")).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#hardware .model")).Not.ToBeEmptyAsync();
        int wide = await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth");
        Assert.That(wide, Is.LessThanOrEqualTo(0));
        await Browser.KeepAsync(page, "two-nodes-phone");
        await page.CloseAsync();
    }

    [Test]
    public async Task Nodes_CanBeChosenByKeyboardAlone()
    {
        IPage page = await _browser.OpenAsync(_first.Address, 1440, 900);
        ILocator other = page.Locator("#map .node:not(.self)");
        await other.FocusAsync(new() { Timeout = Milliseconds });
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#detail-title")).ToHaveTextAsync(SecondName);
        await Assertions.Expect(other).ToHaveAttributeAsync("aria-pressed", "true");
        await page.CloseAsync();
    }

    private static float Milliseconds => (float)Wait.Longest.TotalMilliseconds;

    private static LocatorAssertionsToHaveTextOptions Patience => new() { Timeout = Milliseconds };

    private static System.Text.RegularExpressions.Regex HashrateAboveZero => new("[1-9].*H/s");

    private static bool IsComplete(JsonElement status) =>
        status.GetProperty("clusterTotals").GetProperty("peers").GetInt32() == 1 && status.GetProperty("state").GetString() == "mining";
}
