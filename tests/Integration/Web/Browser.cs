using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using P2PMiner.Node.Api;

namespace P2PMiner.Integration.Tests.Web;

/// <summary>A headless Chromium of this machine, and what the pages in it did that they should not have done.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>Nothing of what a browser does by itself; the tests run as root in containers, too.</summary>
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Errors and warnings on the console, exceptions, and requests to other hosts, one line each.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Skips the test where there is no Chromium or no page, unless they have to be there.</summary>
    public static async Task<Browser> StartAsync()
    {
        string? program = Find();
        string? missing = program is null ? "no chromium, google-chrome or P2P_MINER_CHROMIUM"
            : !new WebPage().IsBuiltIn ? "the web page was not built in: make web"
            : null;
        Prerequisite.Check(missing);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = program, Args = Arguments, Timeout = (float)Wait.Longest.TotalMilliseconds });
        return new Browser(playwright, browser);
    }

    /// <summary>Opens an address as on a screen of this size.</summary>
    public async Task<IPage> OpenAsync(Uri address, int width, int height, ColorScheme colours = ColorScheme.Dark)
    {
        IPage page = await _browser.NewPageAsync(new()
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = colours,
            ReducedMotion = ReducedMotion.Reduce,
        });
        page.SetDefaultTimeout((float)Wait.Longest.TotalMilliseconds);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Complaints.Enqueue($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => Complaints.Enqueue($"exception: {error}");
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url).Host != address.Host)
                Complaints.Enqueue($"request to {request.Url}");
        };
        page.Dialog += (_, dialog) => Complaints.Enqueue($"dialog: {dialog.Message}");
        await page.GotoAsync(address.ToString());
        return page;
    }

    /// <summary>Keeps what a page looks like for people, in artifacts/web.</summary>
    public static Task KeepAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(Artifacts(), name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("P2P_MINER_CHROMIUM") is { Length: > 0 } named)
            return named;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return (from name in new[] { "chromium", "google-chrome" }
                from folder in folders
                let path = Path.Combine(folder, name)
                where File.Exists(path)
                select path).FirstOrDefault();
    }

    private static string Artifacts([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "../../../artifacts/web");
}
