using System.Text.RegularExpressions;
using P2PMiner.Node.Api;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Terminal;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Node.Tests.Terminal;

[TestFixture]
internal sealed partial class StatusPanelTests
{
    [TestCase(80, 24)]
    [TestCase(79, 10)]
    [TestCase(200, 60)]
    [TestCase(20, 5)]
    [TestCase(1, 1)]
    public void Panel_fits_every_terminal(int columns, int rows)
    {
        NodeStatus status = SampleStatus.Create() with
        {
            Events = [.. Enumerable.Range(0, 50).Select(i => new NodeEvent(DateTimeOffset.UnixEpoch, "info", $"event {i} " + new string('x', 300)))],
        };
        IReadOnlyList<string> lines = PanelLayout.Render(View(status), columns, rows);
        Assert.That(lines, Has.Count.LessThanOrEqualTo(rows));
        Assert.That(lines.Select(line => Colour().Replace(line, "").Length), Is.All.LessThanOrEqualTo(columns));
    }

    [Test]
    public void Panel_at_80_columns_shows_everything_and_the_newest_event_last()
    {
        NodeStatus status = SampleStatus.Create() with
        {
            Events = [.. Enumerable.Range(0, 50).Select(i => new NodeEvent(DateTimeOffset.UnixEpoch, "info", $"event {i}"))],
        };
        string text = Colour().Replace(string.Join('\n', PanelLayout.Render(View(status), 79, 24)), "");
        Assert.That(text, Does.Contain("10s/60s/15m 1234.5 1200.0 n/a H/s max 1300.3 H/s"));
        Assert.That(text, Does.Contain("building 25.0%, 0.80 M items/s, ready in 32 s"));
        Assert.That(text, Does.Contain("10 found, 8 accepted, 1 rejected, 1 stale"));
        Assert.That(text, Does.Contain("dataset thp, cache thp, scratchpads normal"));
        Assert.That(text, Does.Contain("http://127.0.0.1:18081 active, height 2999999"));
        Assert.That(text, Does.Contain("event 49").And.Not.Contain("event 9 "));
    }

    [TestCase(DaemonState.Connecting, "connecting", false)]
    [TestCase(DaemonState.Active, "active", false)]
    [TestCase(DaemonState.Standby, "standby", false)]
    [TestCase(DaemonState.Faulted, "faulted", true)]
    public void Daemon_that_cannot_be_used_is_red(DaemonState state, string word, bool isRed)
    {
        Assert.That(NodeSnapshot.Word(state), Is.EqualTo(word));
        NodeStatus status = SampleStatus.Create() with { Daemons = [new DaemonEntry("http://somewhere", word, 1, null)] };
        string line = PanelLayout.Render(View(status), 100, 40).Single(line => line.Contains("somewhere", StringComparison.Ordinal));
        Assert.That(line.Contains("\e[31m", StringComparison.Ordinal) || line.Contains("\e[91m", StringComparison.Ordinal), Is.EqualTo(isRed), line);
    }

    [TestCase("12D3KooWother", "kitchen", "daemon of kitchen, who is paid, height 7")]
    [TestCase("12D3KooWother", "", "daemon of 12D3KooWothe")]
    [TestCase("12D3KooWme", "", "daemon of this node, height 7")]
    [TestCase(null, "", "daemon, height 7")]
    public void Job_says_whom_its_block_pays(string? publisher, string name, string text)
    {
        NodeStatus status = SampleStatus.Create() with
        {
            PeerId = "12D3KooWme",
            Job = new JobStatus("daemon", 7, 1, new string('a', 64), publisher) { PublisherName = name },
        };
        Assert.That(StatusReport.JobText(status), Does.StartWith(text));
    }

    [Test]
    public void Foreign_text_cannot_control_the_terminal()
    {
        NodeStatus status = SampleStatus.Create() with
        {
            Daemons = [new DaemonEntry("http://\e[2J\nx", "active", 1, "[red]not markup[/] \u009b31m")],
            Events = [new NodeEvent(DateTimeOffset.UnixEpoch, "info", "a\e]0;title\ab\r\nc")],
        };
        IReadOnlyList<string> lines = PanelLayout.Render(View(status), 100, 30);
        Assert.That(lines.SelectMany(line => Colour().Replace(line, "")).Any(char.IsControl), Is.False);
        Assert.That(string.Concat(lines), Does.Contain("[red]not markup[/]"));
    }

    [Test]
    public async Task Panel_gives_the_terminal_back()
    {
        using var output = new StringWriter();
        using var cancellation = new CancellationTokenSource();
        var panel = new StatusPanel(output, () => (80, 24), () => View(SampleStatus.Create()), TimeProvider.System);
        Task run = panel.RunAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await run.WaitAsync(TimeSpan.FromMinutes(1));
        string text = output.ToString();
        Assert.That(text, Does.StartWith("\e[?1049h\e[?25l"));
        Assert.That(text, Does.Contain("\e[?25h\e[?1049lp2p-miner ran 3:05 min: 123456 hashes"));
    }

    [Test]
    public void Frame_after_a_resize_clears_the_screen_and_others_do_not()
    {
        using var output = new StringWriter();
        (int, int) size = (80, 24);
        var panel = new StatusPanel(output, () => size, () => View(SampleStatus.Create()), TimeProvider.System);
        panel.Draw();
        output.GetStringBuilder().Clear();
        panel.Draw();
        Assert.That(output.ToString(), Does.Not.Contain("\e[2J"));
        output.GetStringBuilder().Clear();
        size = (60, 20);
        panel.Draw();
        Assert.That(output.ToString(), Does.Contain("\e[2J"));
    }

    [Test]
    public void Panel_of_a_cluster_shows_its_nodes_as_far_as_there_is_room()
    {
        ClusterMember member = SampleStatus.Cluster().Members[1];
        ClusterReport cluster = SampleStatus.Cluster() with
        {
            Members = [SampleStatus.Cluster().Members[0], .. Enumerable.Range(1, 29).Select(i => member with { PeerId = $"peer{i}", Name = i == 1 ? "キッチン\e[2J" : $"node-{i}" })],
            Totals = new ClusterSums(30, 1, 1, 1, 1),
        };
        foreach ((int columns, int rows) in new[] { (40, 40), (79, 40), (160, 50) })
        {
            IReadOnlyList<string> lines = PanelLayout.Render(View(SampleStatus.Create()) with { Cluster = cluster }, columns, rows);
            string[] plain = [.. lines.Select(line => Colour().Replace(line, ""))];
            Assert.That(lines, Has.Count.LessThanOrEqualTo(rows));
            Assert.That(plain.Select(line => Spectre.Console.StringExtensions.GetCellWidth(line)), Is.All.LessThanOrEqualTo(columns));
            Assert.That(plain.SelectMany(line => line).Any(char.IsControl), Is.False);
            string text = string.Join('\n', plain);
            Assert.That(text, Does.Contain("Nodes").And.Contain("desk").And.Contain("キッチン").And.Match("and \\d+ more").And.Contain("512.5 H/s"));
            Assert.That(text, columns < 60 ? Does.Not.Contain("latency") : Does.Contain("latency").And.Contain("12.3 ms").And.Contain("host + worker"));
            Assert.That(text, Does.Contain("block found"));
        }
    }

    [Test]
    public void Sparkline_has_a_full_cell_for_the_greatest_and_a_hole_for_the_unknown()
    {
        Assert.That(Sparkline.Of([0, 0, 50, 50, null, null, 100, 100], width: 10, perCell: 2), Is.EqualTo("▁▅ █"));
        Assert.That(Sparkline.Of([1, 2, 3, 4, 5, 6], width: 2, perCell: 1), Is.EqualTo("▇█"));
        Assert.That(Sparkline.Of([1], width: 10, perCell: 1), Is.Empty);
        Assert.That(Sparkline.Of([0, 0], width: 10, perCell: 1), Is.EqualTo("▁▁"));
    }

    private static PanelView View(NodeStatus status) => new(status, SampleStatus.Cluster(), [100, 200, 300, 200, 100, 50, 400, 400, 400]);

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Colour();
}
