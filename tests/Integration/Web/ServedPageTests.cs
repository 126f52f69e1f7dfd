using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using P2PMiner.Node.Api;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Integration.Tests.Web;

/// <summary>The page against a server in this process, which can be stopped, ask for a token, and say the worst things.</summary>
[Category("Web")]
public sealed class ServedPageTests
{
    private const string Token = "0123456789abcdefghij";
    private const string Hostile = "</bdi><img src=x onerror=alert(1)>\u202e\"'&amp;";

    private Browser _browser = null!;

    [OneTimeSetUp]
    public async Task StartBrowser() => _browser = await Browser.StartAsync();

    [OneTimeTearDown]
    public async Task StopBrowser()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
    }

    [SetUp]
    public void Forget() => _browser.Complaints.Clear();

    [Test]
    public async Task Page_ShowsWhateverIsSaidAsText()
    {
        await using ApiServer server = await StartAsync(sources: HostileSources());
        IPage page = await _browser.OpenAsync(server.Address, 390, 844);
        foreach (string place in new[] { "#chips bdi", "#events li bdi", "#work .daemons bdi >> nth=0", "#nodes tbody th bdi >> nth=0", "#hardware .model" })
            await Assertions.Expect(page.Locator(place)).ToHaveTextAsync(Hostile, new() { Timeout = Milliseconds });
        Assert.That(await page.Locator("main img").CountAsync(), Is.Zero);
        Assert.That(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth"), Is.LessThanOrEqualTo(0));
        Assert.That(_browser.Complaints, Is.Empty);
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_AsksForTheToken_UntilItIsTheRightOne()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Token);
        await using ApiServer server = await StartAsync(BearerToken.Read(file));
        File.Delete(file);
        IPage page = await _browser.OpenAsync(server.Address, 800, 700, ColorScheme.Light);
        ILocator dialog = page.Locator("#token");
        await Assertions.Expect(dialog).ToBeVisibleAsync(Visible);
        await Browser.KeepAsync(page, "token");

        await page.GetByLabel("Token", new() { Exact = true }).FillAsync("not the right token");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#token-error")).ToContainTextAsync("does not accept", new() { Timeout = Milliseconds });
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync(Token);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = Milliseconds });
        await Assertions.Expect(dialog).ToBeHiddenAsync();

        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = Milliseconds });

        // The browser itself notes the answers 401; nothing else may be there.
        Assert.That(_browser.Complaints.Where(complaint => !complaint.Contains("401", StringComparison.Ordinal)), Is.Empty);
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_NamesWhoContributedWhat()
    {
        await using ApiServer server = await StartAsync();
        IPage page = await _browser.OpenAsync(server.Address, 1200, 800);
        ILocator rows = page.Locator("#contributions li");
        await Assertions.Expect(rows).ToHaveCountAsync(2, new() { Timeout = Milliseconds });
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("desk");
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("55");
        await Assertions.Expect(rows.Nth(1)).ToContainTextAsync("1 link, 1 late");
        Assert.That(_browser.Complaints, Is.Empty);
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_ShowsHowFarTheDatasetIs_AndWhenItIsReady()
    {
        NodeStatus status = SampleStatus.Create();
        await using ApiServer server = await StartAsync(sources: SampleStatus.Sources() with { Status = () => Volatile.Read(ref status) });
        IPage page = await _browser.OpenAsync(server.Address, 1200, 800);
        await ShowsDatasetAsync(page, "building 25 %", "Dataset building, 25 %", "520 MiB computed here, 0 MiB from others");

        DatasetStatus later = status.Dataset! with { Progress = 0.75, LocalChunks = 1040, RemoteChunks = 520 };
        Volatile.Write(ref status, status with { Dataset = later });
        await ShowsDatasetAsync(page, "building 75 %", "Dataset building, 75 %", "MiB computed here, 520 MiB from others");

        DatasetStatus ready = later with { State = "ready", Progress = 1, LocalChunks = 2080, RemoteChunks = 0, ItemsPerSecond = null, EtaSeconds = null };
        Volatile.Write(ref status, status with { Dataset = ready });
        await ShowsDatasetAsync(page, "ready", "Dataset ready, 100 %", "2080 MiB");

        Volatile.Write(ref status, status with { Dataset = null, Memory = "light" });
        await ShowsDatasetAsync(page, "not used", "The dataset is not used", "hashes come from the 256 MiB cache");
        Assert.That(_browser.Complaints, Is.Empty);
        await page.CloseAsync();
    }

    [Test]
    public async Task Page_SaysThatTheNodeIsGone_AndComesBackWithIt()
    {
        ApiServer server = await StartAsync();
        Uri address = server.Address;
        IPage page = await _browser.OpenAsync(address, 1024, 700);
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = Milliseconds });
        await server.DisposeAsync();
        await Assertions.Expect(page.Locator("#banner")).ToBeVisibleAsync(Visible);
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Reconnecting");
        await Browser.KeepAsync(page, "disconnected");

        await using ApiServer again = await StartAsync(port: address.Port);
        await page.Locator("#banner-retry").ClickAsync();
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = Milliseconds });
        await Assertions.Expect(page.Locator("#banner")).ToBeHiddenAsync();
        await page.CloseAsync();
    }

    /// <param name="page">The page.</param>
    /// <param name="state">In words.</param>
    /// <param name="bar">What the bar says to those who do not see it.</param>
    /// <param name="note">Part of what stands below the bar.</param>
    private static async Task ShowsDatasetAsync(IPage page, string state, string bar, string note)
    {
        ILocator dataset = page.Locator("#work .progress");
        await Assertions.Expect(dataset.Locator(".progress-state")).ToHaveTextAsync(state, new() { Timeout = Milliseconds });
        await Assertions.Expect(dataset.GetByRole(AriaRole.Img)).ToHaveAccessibleNameAsync(bar, new() { Timeout = Milliseconds });
        await Assertions.Expect(dataset.Locator(".note")).ToContainTextAsync(note, new() { Timeout = Milliseconds });
    }

    private static float Milliseconds => (float)Wait.Longest.TotalMilliseconds;

    private static LocatorAssertionsToBeVisibleOptions Visible => new() { Timeout = Milliseconds };

    private static Task<ApiServer> StartAsync(BearerToken? token = null, ApiSources? sources = null, int port = 0) => ApiServer.StartAsync(
        new IPEndPoint(IPAddress.Loopback, port), token, sources ?? SampleStatus.Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private static ApiSources HostileSources()
    {
        NodeStatus status = SampleStatus.Create() with
        {
            Cluster = Hostile,
            Version = Hostile,
            Daemons = [new DaemonEntry(Hostile, Hostile, 1, Hostile)],
            Events = [new NodeEvent(DateTimeOffset.UnixEpoch, "info", Hostile)],
        };
        ClusterReport cluster = SampleStatus.Cluster() with { Name = Hostile };
        cluster = cluster with { Members = [.. cluster.Members.Select(member => member with { Name = Hostile, Version = Hostile, Role = Hostile, Address = Hostile })] };
        HardwareReport machine = HardwareReport.Read(new());
        machine = machine with { Hardware = machine.Hardware with { Cpu = machine.Hardware.Cpu with { Model = Hostile } } };
        return SampleStatus.Sources() with { Status = () => status, Cluster = () => cluster, Hardware = () => machine };
    }
}
