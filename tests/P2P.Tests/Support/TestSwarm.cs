using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Peers in one process, connected without sockets and cryptography. Keys and addresses depend on nothing but the order of creation.</summary>
public sealed class TestSwarm(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<TestNetwork> _networks = [];

    public TimeProvider Time => time;

    /// <summary>Tell each other protocols and addresses on connecting and on changes, as identify does.</summary>
    public bool AutoIdentify { get; init; } = true;

    /// <summary>How long bytes from the first network to the second are on their way, on the clock of the test.</summary>
    public Func<TestNetwork, TestNetwork, TimeSpan> Latency { get; set; } = static (_, _) => TimeSpan.Zero;

    /// <summary>Whether the first network can dial the second.</summary>
    public Func<TestNetwork, TestNetwork, bool> CanDial { get; set; } = static (_, _) => true;

    /// <summary>What handlers of streams and events threw: empty after a test that expects no failure.</summary>
    public IReadOnlyList<Exception> Failures
    {
        get
        {
            lock (_lock)
                return [.. FailureList];
        }
    }

    public IReadOnlyList<TestNetwork> Networks
    {
        get
        {
            lock (_lock)
                return [.. _networks];
        }
    }

    private List<Exception> FailureList { get; } = [];

    /// <param name="address">Where others find it; /ip4/127.0.x.y/tcp/4001, different for each, if not given.</param>
    public TestNetwork Add(string? address = null)
    {
        lock (_lock)
        {
            int number = _networks.Count + 1;
            byte[] seed = new byte[Ed25519KeyPair.SeedSize];
            BitConverter.TryWriteBytes(seed, number);
            Multiaddr place = Multiaddr.Parse(address ?? $"/ip4/127.0.{number / 250}.{(number % 250) + 1}/tcp/4001");
            TestNetwork network = new(this, Ed25519KeyPair.FromSeed(seed), place);
            _networks.Add(network);
            return network;
        }
    }

    public TestNetwork[] Add(int count) => [.. Enumerable.Range(0, count).Select(_ => Add())];

    internal TestNetwork? Find(PeerId peer) => Networks.FirstOrDefault(network => network.LocalPeer.Equals(peer));

    internal TestNetwork? Find(Multiaddr address) => Networks.FirstOrDefault(network => network.Address.Equals(address));

    internal ByteQueue NewQueue(TestNetwork from, TestNetwork to) => new(time, () => Latency(from, to));

    internal void Report(Exception failure)
    {
        lock (_lock)
            FailureList.Add(failure);
    }
}
