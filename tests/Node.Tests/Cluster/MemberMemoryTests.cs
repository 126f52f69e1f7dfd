using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Cluster.Discovery;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>Hosts on loopback, and a clock of which only the minutes between dials are.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MemberMemoryTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Host> _hosts = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (Host host in _hosts)
            await host.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task MemberOfThisRunThatIsMissing_IsDialled_AlthoughOthersAreThere()
    {
        Host self = await HostAsync();
        Host near = await HostAsync();
        Host far = await HostAsync();
        await self.DialAsync(near.Addresses[0]);
        await self.DialAsync(far.Addresses[0]);
        foreach (Host other in new[] { near, far })
            self.Network.Peers.AddAddresses(other.Id, other.Addresses, TimeSpan.FromHours(1));
        PeerId[] connected = [near.Id, far.Id];
        HashSet<PeerId> live = [near.Id, far.Id];
        int looks = 0;
        PeerFinder finder = new(self, _ => true, NullLogger.Instance);
        MemberMemory memory = new(
            self, new KnownPeers(_directory.File("peers"), NullLogger.Instance), Connected, live.Contains, _ => true, finder, _time, NullLogger.Instance);
        Task running = memory.RunAsync(_stop.Token);

        await self.Network.DisconnectAsync(far.Id, CancellationToken.None);
        await Wait.UntilAsync(() => self.Network.FindConnection(far.Id) is null, "the sides are parted");
        connected = [near.Id];
        await AMinuteAsync();
        Assert.That(self.Network.FindConnection(far.Id), Is.Null, "it is heard through others");

        live.Remove(far.Id);
        await AMinuteAsync();
        await Wait.UntilAsync(() => self.Network.FindConnection(far.Id) is not null, "it is dialled");
        await _stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        IReadOnlyList<PeerId> Connected()
        {
            Interlocked.Increment(ref looks);
            return connected;
        }

        async Task AMinuteAsync()
        {
            int before = Volatile.Read(ref looks);
            while (Volatile.Read(ref looks) == before)
            {
                _time.Advance(MemberMemory.Interval);
                await Task.Delay(5);
            }
        }
    }

    private async Task<Host> HostAsync()
    {
        byte[] seed = new byte[Ed25519KeyPair.SeedSize];
        seed[0] = (byte)(_hosts.Count + 1);
        HostOptions options = new() { Key = Ed25519KeyPair.FromSeed(seed), Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };
        Host host = await Host.StartAsync(options, static _ => { }, NullLoggerFactory.Instance);
        _hosts.Add(host);
        return host;
    }
}
