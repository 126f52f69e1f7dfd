using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.Peer.Events;
using P2PMiner.Peer.Protocols;

namespace P2PMiner.Peer;

/// <summary>The host with all its services, and the events of all of them on stdout.</summary>
internal sealed class PeerHost : IAsyncDisposable
{
    private const int StreamsPerHandler = 1000;

    /// <summary>Handlers of one connection that may be in full use at once, and such connections.</summary>
    private const int MaxHandlers = 10;
    private const int MaxBusyConnections = 10;

    private readonly JsonLines _output;

    private PeerHost(PeerOptions options, Host host, JsonLines output)
    {
        (Options, Host, _output) = (options, host, output);
        GossipSub = host.PubSub!;
        Topics = new TopicSubscriptions(GossipSub, output);
        Handlers = new StreamHandlers(output);
    }

    public PeerOptions Options { get; }

    public Host Host { get; }

    public GossipSub GossipSub { get; }

    public TopicSubscriptions Topics { get; }

    public StreamHandlers Handlers { get; }

    /// <summary>Starts everything and tells "listening".</summary>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    public static async Task<PeerHost> StartAsync(PeerOptions options, JsonLines output)
    {
        PeerHost? peer = null;
        Host host = await Host.StartAsync(HostOptions(options, output), made => peer = Configure(options, made, output), NullLoggerFactory.Instance);
        peer!.Announce(host);
        foreach (Multiaddr address in options.Dial)
            peer.DialInBackground(address, "dialError");
        return peer;
    }

    /// <summary>Registers a handler of one of the built-in kinds.</summary>
    public void Handle(string protocol, string mode, TimeSpan delay) =>
        Host.Handle(protocol, Handlers.Make(protocol, mode, delay), new HandlerLimits(StreamsPerHandler, StreamsPerHandler));

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    private static PeerHost Configure(PeerOptions options, Host host, JsonLines output)
    {
        NetworkEvents.Write(host, output);
        PeerHost peer = new(options, host, output);
        foreach ((string protocol, string mode) in StreamHandlers.BuiltIn)
            peer.Handle(protocol, mode, StreamHandlers.StandardDelay);
        host.Handle(PerfProtocol.Id, PerfProtocol.ServeAsync, new HandlerLimits(StreamsPerHandler, StreamsPerHandler));
        _ = host.Completion.ContinueWith(
            died => output.Write("uncaught", new() { ["error"] = ErrorText.Of(died.Exception!.GetBaseException()) }),
            CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        if (host.Mdns is not null)
            host.Mdns.PeerFound += peer.OnFound;
        foreach (string topic in options.Topics)
            peer.Topics.Add(topic);
        return peer;
    }

    private void Announce(Host host) => _output.WriteFirst("listening", new()
    {
        ["peerId"] = host.Id.ToString(),
        ["peerIdHex"] = JsonValues.Hex(host.Id.Bytes),
        ["addrs"] = JsonValues.Texts(host.Addresses),
        ["protocols"] = JsonValues.Texts(host.Network.Protocols),
        ["kad"] = Options.Dht?.Protocol,
        ["kadMode"] = host.Dht?.Mode.ToString().ToLowerInvariant() ?? "off",
        ["pnet"] = Options.PreSharedKey is not null,
        ["mdns"] = Options.Mdns is not null,
    });

    private void OnFound(MdnsPeer found)
    {
        _output.Write("mdns:peer", new()
        {
            ["remotePeer"] = found.Peer.ToString(),
            ["addrs"] = JsonValues.Texts(found.Addresses),
            ["first"] = found.First,
        });
        if (!Options.DialsDiscovered || !found.First)
            return;
        Host.Network.Peers.AddAddresses(found.Peer, found.Addresses, TimeSpan.FromMinutes(10));
        InBackground("mdns:dialError", found.Peer.ToString(), "remotePeer", async () => await Host.ConnectAsync(found.Peer));
    }

    private void DialInBackground(Multiaddr address, string errorEvent) =>
        InBackground(errorEvent, address.ToString(), "addr", async () => await Host.DialAsync(address));

    private void InBackground(string errorEvent, string target, string field, Func<Task> work) => _ = Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException or ArgumentException)
        {
            _output.Write(errorEvent, new() { [field] = target, ["error"] = ErrorText.Of(e) });
        }
    });

    /// <summary>Names of loopback (RFC 6761, section 6.3); asking for any other would already leave the machine.</summary>
    private static bool IsLocal(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    private static HostOptions HostOptions(PeerOptions options, JsonLines output) => new()
    {
        Key = options.Key,
        Listen = options.Listen,
        AgentVersion = options.Agent,
        PreSharedKey = options.PreSharedKey,
        EarlyMultiplexer = options.EarlyMultiplexer,
        PubSub = options.PubSub with { Trace = new PubSubTrace(output, options.TracesRpcs) },
        Dht = options.Dht,
        Mdns = options.Mdns,
        DialFilter = options.AnyAddress ? null : static address => address.IsLoopback,
        NameFilter = options.AnyAddress ? null : IsLocal,
        Limits = new ConnectionLimits
        {
            MaxConnections = options.MaxConnections,
            MaxInboundConnections = options.MaxConnections,
            MaxInboundPerHost = options.MaxConnections,
            InboundRatePerHost = 1000,
            MaxPendingInbound = 200,
            MaxPendingInboundPerHost = 200,
            MaxStreamsPerConnection = StreamsPerHandler * MaxHandlers,
            MaxStreams = StreamsPerHandler * MaxHandlers * MaxBusyConnections,
        },
    };
}
