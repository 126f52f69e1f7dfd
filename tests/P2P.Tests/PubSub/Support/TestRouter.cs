using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>A gossipsub service on an in-memory network, and what it received.</summary>
internal sealed class TestRouter : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<PubSubMessage> _received = [];

    public TestRouter(TestNetwork network, PubSubOptions? options = null, bool started = true)
    {
        Network = network;
        Trace = new RecordingTrace();
        Service = new GossipSub(
            network, (options ?? new PubSubOptions()) with { Trace = Trace }, NullLogger.Instance, new Random(network.LocalPeer.Bytes[^1]));
        if (started)
            Service.Start();
    }

    public TestNetwork Network { get; }

    public GossipSub Service { get; }

    public RecordingTrace Trace { get; }

    public PeerId Id => Network.LocalPeer;

    public IReadOnlyList<PubSubMessage> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    public int ReceivedCount
    {
        get
        {
            lock (_lock)
                return _received.Count;
        }
    }

    public ISubscription Subscribe(string topic) => Service.Subscribe(topic, Take);

    public void Connect(TestRouter other) => Network.Connect(other.Network);

    public bool HasInMesh(TestRouter other, string topic) => Service.MeshPeers(topic).Contains(other.Id);

    public bool Knows(TestRouter other, string topic) => Service.Subscribers(topic).Contains(other.Id);

    public bool CanSendTo(TestRouter other) => Service.Peers.Any(peer => peer.Peer.Equals(other.Id) && peer.OutboundProtocol is not null);

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();

    private void Take(PubSubMessage message)
    {
        lock (_lock)
            _received.Add(message);
    }
}
