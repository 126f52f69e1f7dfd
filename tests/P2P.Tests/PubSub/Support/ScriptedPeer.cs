using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>A remote that does nothing by itself: it sends the RPCs that a test writes and keeps those that it gets.</summary>
internal sealed class ScriptedPeer
{
    private readonly Lock _lock = new();
    private readonly List<RpcContent> _received = [];
    private readonly MessageSigner _signer;
    private TestRouter? _router;
    private PeerStream? _stream;

    public ScriptedPeer(TestNetwork network, string protocol = PubSubOptions.Version12)
    {
        Network = network;
        _signer = new MessageSigner(network.Key, network.LocalPeer, MessageId.Specification, SequenceNumbers.At(network.Time));
        network.Handle(protocol, ReadAsync);
        Protocol = protocol;
    }

    public TestNetwork Network { get; }

    public string Protocol { get; }

    public PeerId Id => Network.LocalPeer;

    /// <summary>False lets what is sent to it lie.</summary>
    public bool Reads { get; init; } = true;

    public IReadOnlyList<RpcContent> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    public IReadOnlyList<string> Grafts => [.. Received.SelectMany(rpc => rpc.Graft)];

    public IReadOnlyList<RpcPrune> Prunes => [.. Received.SelectMany(rpc => rpc.Prune)];

    public IReadOnlyList<RpcMessage> Messages => [.. Received.SelectMany(rpc => rpc.Messages)];

    public IReadOnlyList<byte[]> IWant => [.. Received.SelectMany(rpc => rpc.IWant).SelectMany(list => list.Ids)];

    public IReadOnlyList<byte[]> IDontWant => [.. Received.SelectMany(rpc => rpc.IDontWant).SelectMany(list => list.Ids)];

    public IReadOnlyList<byte[]> IHave => [.. Received.SelectMany(rpc => rpc.IHave).SelectMany(list => list.Ids)];

    public bool IsConnected => Network.Connections.Count > 0;

    public void Forget()
    {
        lock (_lock)
            _received.Clear();
    }

    /// <summary>Connects, opens a stream, and waits for the router's. The peer that dials is the outbound one.</summary>
    public async Task ConnectAsync(TestRouter router, bool dialledByRouter = false)
    {
        _router = router;
        IPeerConnection connection = dialledByRouter
            ? ((TestConnection)router.Network.Connect(Network)).Other
            : Network.Connect(router.Network);
        _stream = await connection.OpenStreamAsync([Protocol]);
        await Wait.UntilAsync(() => router.Service.Peers.Any(peer => peer.Peer.Equals(Id) && peer.OutboundProtocol is not null && peer.HasInbound), "streams");
    }

    /// <summary>Sends an RPC and waits until the router has taken it in.</summary>
    public Task SubscribeAsync(string topic) => SendAsync(batch => batch.Subscriptions.Add((Encoding.UTF8.GetBytes(topic), true)));

    public Task UnsubscribeAsync(string topic) => SendAsync(batch => batch.Subscriptions.Add((Encoding.UTF8.GetBytes(topic), false)));

    public Task GraftAsync(string topic) => SendAsync(batch => batch.Grafts.Add(Encoding.UTF8.GetBytes(topic)));

    public Task PruneAsync(string topic, ulong? backoff) =>
        SendAsync(batch => batch.Prunes.Add(new(Encoding.UTF8.GetBytes(topic), backoff, [])));

    public Task SendIHaveAsync(string topic, params byte[][] ids) => SendAsync(batch => batch.IHaves.Add((Encoding.UTF8.GetBytes(topic), ids)));

    public Task SendIWantAsync(params byte[][] ids) => SendAsync(batch => batch.IWant.AddRange(ids));

    public Task SendIDontWantAsync(params byte[][] ids) => SendAsync(batch => batch.IDontWant.AddRange(ids));

    public Task SendAsync(Action<ControlBatch> fill)
    {
        ControlBatch batch = new();
        fill(batch);
        return SendRawAsync(RpcEncoder.Encode(batch));
    }

    /// <summary>A message of this peer's own.</summary>
    public GossipMessage NewMessage(string topic, byte[] data) => _signer.Sign(Encoding.UTF8.GetBytes(topic), data);

    public Task SendAsync(GossipMessage message) => SendRawAsync(message.Frame);

    /// <summary>Writes whole RPCs; waits until the last of them is processed, unless the router cut this peer off.</summary>
    public async Task SendRawAsync(byte[] frames, int count = 1)
    {
        int before = _router!.Trace.Got(Id).Count();
        await _stream!.WriteAsync(frames);
        await Wait.UntilAsync(() => _router.Trace.Got(Id).Count() >= before + count || !IsConnected, "rpc");
        // The trace comes at the beginning of the processing, which the lock of an inspection waits for.
        _router.Service.Inspect(static _ => 0);
    }

    /// <summary>Writes without waiting for anything.</summary>
    public ValueTask WriteAsync(byte[] bytes) => _stream!.WriteAsync(bytes);

    public void ResetStream() => _stream!.Reset();

    private async Task ReadAsync(PeerStream stream, CancellationToken cancellation)
    {
        if (!Reads)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return;
        }
        using FrameBuffer frames = new(1 << 24);
        for (int count; (count = await stream.ReadAsync(frames.Free, cancellation)) > 0;)
        {
            frames.Advance(count);
            while (frames.Take(out ReadOnlySpan<byte> rpc) == FrameStatus.Done)
            {
                RpcFrame decoded = new();
                Assert.That(RpcDecoder.Decode(rpc, decoded), Is.EqualTo(RpcStatus.Done));
                lock (_lock)
                    _received.Add(RpcContentReader.Read(rpc, decoded));
            }
        }
    }
}
