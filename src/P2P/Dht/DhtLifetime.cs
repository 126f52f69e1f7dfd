using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Dht;

/// <summary>Turns the DHT on and off, serves streams while it is a server, and follows which connected peers are servers.</summary>
internal sealed class DhtLifetime(
    INetwork network, DhtOptions options, Func<IEnumerable<Multiaddr>> announced, Random random, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _switching = new(1);
    private CancellationTokenSource? _serving;
    private volatile DhtNode? _node;
    private volatile int _mode = (int)DhtMode.Off;

    /// <summary>The upkeep failed; it has to be turned off and on again.</summary>
    internal event Action<Exception>? Failed;

    internal DhtMode Mode => (DhtMode)_mode;

    /// <summary>The running node, or null while it is off.</summary>
    internal DhtNode? Node => _node;

    /// <summary>The rates of those who ask, or null while it is no server.</summary>
    internal RequestRates? Rates { get; private set; }

    /// <summary>What carries the node's messages, or null while it is off.</summary>
    internal HostNetwork? Messages { get; private set; }

    internal async ValueTask SetModeAsync(DhtMode mode)
    {
        await _switching.WaitAsync().ConfigureAwait(false);
        try
        {
            if (mode == Mode)
                return;
            if (Mode == DhtMode.Server)
                StopServing();
            if (mode == DhtMode.Off)
                await TurnOffAsync().ConfigureAwait(false);
            else if (_node is null)
                TurnOn();
            if (mode == DhtMode.Server)
                StartServing();
            _mode = (int)mode;
            DhtLog.ModeSet(logger, options.Protocol, mode);
        }
        finally
        {
            _switching.Release();
        }
    }

    public void Dispose()
    {
        _serving?.Dispose();
        _switching.Dispose();
    }

    private void TurnOn()
    {
        Messages = new HostNetwork(network, options, announced);
        _node = new DhtNode(Messages, options, network.Time, random, logger);
        _node.Failed += error => Failed?.Invoke(error);
        network.Identified += OnIdentified;
        foreach (IPeerConnection connection in network.Connections)
            Update(connection.RemotePeer, network.Peers.Protocols(connection.RemotePeer));
        _node.Start();
    }

    private async Task TurnOffAsync()
    {
        network.Identified -= OnIdentified;
        DhtNode node = _node!;
        _node = null;
        await node.DisposeAsync().ConfigureAwait(false);
        await Messages!.DisposeAsync().ConfigureAwait(false);
        Messages = null;
    }

    private void StartServing()
    {
        CancellationTokenSource serving = _serving = new CancellationTokenSource();
        Rates = new RequestRates(options.RequestsPerSecond, network.Time);
        MessageServer server = new(_node!.Handler, Rates, network.Time, logger);
        network.Handle(
            options.Protocol,
            (stream, cancellation) => ServeAsync(server, stream, serving.Token, cancellation),
            new HandlerLimits(options.InboundStreams, options.OutboundStreams));
    }

    private void StopServing()
    {
        network.Unhandle(options.Protocol);
        _serving?.Cancel();
        _serving?.Dispose();
        _serving = null;
        Rates = null;
    }

    private static async Task ServeAsync(MessageServer server, PeerStream stream, CancellationToken serving, CancellationToken cancellation)
    {
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(serving, cancellation);
        await server.ServeAsync(stream, both.Token).ConfigureAwait(false);
    }

    private void OnIdentified(IdentifiedPeer identified) => Update(
        identified.Connection.RemotePeer,
        identified.Protocols ?? network.Peers.Protocols(identified.Connection.RemotePeer));

    private void Update(PeerId peer, IReadOnlyList<string>? protocols)
    {
        if (protocols is null)
            return;
        if (protocols.Contains(options.Protocol))
            _node?.PeerServes(peer);
        else
            _node?.PeerStoppedServing(peer);
    }
}
