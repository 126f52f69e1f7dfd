using Microsoft.Extensions.Logging;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>The source with daemons that misbehave. The integration tests have it with real ones.</summary>
[TestFixture]
internal sealed class DaemonSourceTests
{
    [Test]
    public async Task AlteredHashingBlob_FailsOver()
    {
        await using FakeDaemon liar = await FakeDaemon.StartAsync();
        await using FakeDaemon honest = await FakeDaemon.StartAsync();
        liar.Tamper = (method, answer) =>
        {
            if (method == "get_block_template")
                answer["result"]!["blockhashing_blob"] = new string('0', 152);
        };
        await using var source = new RunningSource(liar, honest);
        await source.UntilAsync(status => status.Active?.Name == honest.Url);
        await source.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.BadTemplate);

        liar.Tamper = null;
        await source.UntilAsync(status => status.Active?.Name == liar.Url);
    }

    [Test]
    public async Task WrongSeedHash_IsNoticed()
    {
        await using FakeDaemon liar = await FakeDaemon.StartAsync();
        liar.Tamper = (method, answer) =>
        {
            if (method == "get_block_template")
                answer["result"]!["seed_hash"] = new string('a', 64);
        };
        await using var source = new RunningSource(liar);
        await source.UntilAsync(status => status.Daemons[0].Error?.Message.Contains("seed hash", StringComparison.Ordinal) == true);
    }

    [Test]
    public async Task ChainThatGoesBack_FailsOver()
    {
        await using FakeDaemon first = await FakeDaemon.StartAsync();
        await using FakeDaemon second = await FakeDaemon.StartAsync();
        first.Chain.Height = second.Chain.Height = 500;
        await using var source = new RunningSource(first, second);
        await source.UntilAsync(status => status.Active?.Name == first.Url);

        first.Chain.Height = 100;
        await source.UntilAsync(status => status.Active?.Name == second.Url);
        Assert.That(source.Status.Daemons[0].Error?.Message, Does.Contain("went back"));
    }

    [Test]
    public async Task TemplateBesideTheTopBlock_IsRefused()
    {
        await using FakeDaemon liar = await FakeDaemon.StartAsync();
        liar.Tamper = (method, answer) =>
        {
            if (method == "get_info")
                answer["result"]!["top_block_hash"] = new string('b', 64);
        };
        await using var source = new RunningSource(liar);
        await source.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.BadTemplate);
    }

    [Test]
    public async Task UnsynchronizedDaemon_IsWaitedFor()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.Synchronized = false;
        await using var source = new RunningSource(daemon);
        await source.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.Unsynchronized);
        Assert.That(source.Status.Daemons[0].Error?.Message, Does.Contain("height 10 of 20"));

        daemon.Chain.Synchronized = true;
        await source.UntilAsync(status => status.Active is not null);
    }

    [Test]
    public async Task BusyTemplate_IsWaitedFor()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Tamper = (method, answer) =>
        {
            if (method == "get_block_template")
                answer["result"]!["status"] = "BUSY";
        };
        await using var source = new RunningSource(daemon);
        await source.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.Busy);
        daemon.Tamper = null;
        await source.UntilAsync(status => status.Active is not null);
    }

    [Test]
    public async Task BootstrapDaemon_IsNotTrusted()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Tamper = (_, answer) => answer["result"]!["untrusted"] = true;
        await using var source = new RunningSource(daemon);
        await source.UntilAsync(status => status.Daemons[0].Error?.Message.Contains("bootstrap", StringComparison.Ordinal) == true);
    }

    [TestCase("mainnet", true)]
    [TestCase("fakechain", true)]
    [TestCase("stagenet", false)]
    [TestCase("testnet", false)]
    [TestCase("something\nelse", false)]
    public async Task Network_HasToBeTheWallets(string netType, bool fits)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.NetType = netType;
        await using var source = new RunningSource(daemon);
        await source.UntilAsync(status => status.Daemons[0].State != DaemonState.Connecting);
        Assert.That(source.Status.Daemons[0].Error?.Fault, Is.EqualTo(fits ? null : DaemonFault.WrongNetwork));
    }

    [Test]
    public async Task EachChange_IsLoggedOnce()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        int polls = 0;
        bool busy = true;
        daemon.Tamper = (method, answer) =>
        {
            if (method == "get_info")
                Interlocked.Increment(ref polls);
            if (Volatile.Read(ref busy))
                answer["result"]!["status"] = "BUSY";
        };
        await using var source = new RunningSource(daemon);
        await Until.TrueAsync(() => Volatile.Read(ref polls) > 5);
        Volatile.Write(ref busy, false);
        await source.UntilAsync(status => status.Active is not null);
        int before = Volatile.Read(ref polls);
        await Until.TrueAsync(() => Volatile.Read(ref polls) > before + 5);
        Assert.That(source.Log.Lines.Count(line => line.Text.Contains(daemon.Url, StringComparison.Ordinal)), Is.EqualTo(3), string.Join('\n', source.Log.Lines));
        Assert.That(source.Log.Lines.Count(line => line.Level == LogLevel.Warning && line.Text.Contains("Busy", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task FlappingDaemon_IsNotReturnedTo()
    {
        await using FakeDaemon flapping = await FakeDaemon.StartAsync();
        await using FakeDaemon steady = await FakeDaemon.StartAsync();
        int polls = 0;
        flapping.Tamper = (method, answer) =>
        {
            if (method == "get_info" && Interlocked.Increment(ref polls) % 2 == 1)
                answer["result"]!["status"] = "BUSY";
        };
        await using var source = new RunningSource(flapping, steady);
        await source.UntilAsync(status => status.Active?.Name == steady.Url);
        int before = Volatile.Read(ref polls);
        await Until.TrueAsync(() => Volatile.Read(ref polls) > before + 10);
        Assert.That(source.Log.Lines.Select(line => line.Text), Has.None.Contains($"Mining with daemon {flapping.Url}"));
    }

    [Test]
    public async Task Job_IsReplacedWithEachBlockAndWithAge()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        await using var source = new RunningSource(daemon);
        DaemonJob first = await source.NextJobAsync();
        Assert.That(first.Height, Is.EqualTo(10UL));
        DaemonJob renewed = await source.NextJobAsync();
        Assert.That((renewed.Height, renewed.Id == first.Id), Is.EqualTo((10UL, false)));
        daemon.Chain.Height = 11;
        DaemonJob next;
        do
            next = await source.NextJobAsync();
        while (next.Height == 10);
        Assert.That(next.Template.PreviousId, Is.EqualTo(daemon.Chain.IdAt(10)));
    }

    [Test]
    public async Task NextKey_IsKnownBeforeTheEpochChanges()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.Height = 2048 + 64;
        await using var source = new RunningSource(daemon);
        DaemonJob before = await source.NextJobAsync();
        Assert.That((before.Key, before.NextKey), Is.EqualTo((daemon.Chain.IdAt(0), daemon.Chain.IdAt(2048))));
        daemon.Chain.Height++;
        DaemonJob after;
        do
            after = await source.NextJobAsync();
        while (after.Height == before.Height);
        Assert.That((after.Key, after.NextKey), Is.EqualTo((daemon.Chain.IdAt(2048), (Mining.Hash256?)null)));
    }
}
