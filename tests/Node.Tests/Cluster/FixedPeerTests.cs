using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Cluster.Discovery;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
internal sealed class FixedPeerTests
{
    [Test]
    public async Task NameThatLeadsBeyondTheLocalNetwork_IsToldOfOnce_WithTheRemedy()
    {
        // No address passes, as if the name had led to public ones only.
        HostOptions options = new()
        {
            Key = Ed25519KeyPair.FromSeed(new byte[Ed25519KeyPair.SeedSize]),
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            DialFilter = _ => false,
        };
        await using Host host = await Host.StartAsync(options, static _ => { }, NullLoggerFactory.Instance);
        ManualTime time = new(DateTimeOffset.UnixEpoch.AddYears(56));
        RecordingLogger<FixedPeer> log = new();
        using CancellationTokenSource stop = new();
        Task running = new FixedPeer(host, Multiaddr.Parse("/dns4/localhost/tcp/9999"), time, log).RunAsync(stop.Token);
        await Wait.UntilAsync(() => log.Lines.Count > 0, "a warning");
        for (int i = 0; i < 20; i++)
        {
            time.Advance(FixedPeer.MaxPause);
            await Task.Delay(5);
        }
        Assert.That(log.Lines.Select(line => line.Level), Is.EqualTo(new[] { LogLevel.Warning }));
        Assert.That(log.Lines.First().Text, Does.Contain("/dns4/localhost/tcp/9999").And.Contains("cluster new FILE").And.Contains("--cluster-key FILE"));
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [TestCase("/ip4/203.0.113.5/tcp/9999", true)]
    [TestCase("/ip4/8.8.8.8/tcp/1", true)]
    [TestCase("/ip6/2001:4860:4860::8888/tcp/9999", true)]
    [TestCase("/ip4/192.168.1.7/tcp/9999", false)]
    [TestCase("/ip6/fd00::1/tcp/9999", false)]
    [TestCase("/dns4/example.org/tcp/9999", false)]
    public void PublicAddress_NeedsAKey(string address, bool needsKey)
    {
        NodeOptions open = new() { Connect = [Multiaddr.Parse(address)] };
        if (needsKey)
            Assert.That(open.Validate, Throws.TypeOf<UsageException>().With.Message.Contains("cluster new FILE").And.Message.Contains("--cluster-key FILE"));
        else
            Assert.That(open.Validate, Throws.Nothing);
        Assert.That((open with { ClusterKey = "file" }).Validate, Throws.Nothing);
    }
}
