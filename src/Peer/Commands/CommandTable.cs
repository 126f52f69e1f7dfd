namespace P2PMiner.Peer.Commands;

/// <summary>All commands by name.</summary>
internal static class CommandTable
{
    private static readonly Dictionary<string, Func<CommandContext, Task>> ByName = new()
    {
        ["dial"] = ConnectionCommands.DialAsync,
        ["hangup"] = ConnectionCommands.HangUpAsync,
        ["ping"] = ConnectionCommands.PingAsync,
        ["muxerPing"] = ConnectionCommands.MuxerPingAsync,
        ["identify"] = ConnectionCommands.IdentifyAsync,
        ["identifyPush"] = ConnectionCommands.IdentifyPushAsync,
        ["peers"] = AtOnce(ConnectionCommands.Peers),
        ["connections"] = AtOnce(ConnectionCommands.Connections),
        ["addrs"] = AtOnce(ConnectionCommands.Addresses),
        ["protocols"] = AtOnce(ConnectionCommands.Protocols),
        ["peerStore"] = AtOnce(ConnectionCommands.PeerStore),
        ["subscribe"] = AtOnce(GossipCommands.Subscribe),
        ["unsubscribe"] = GossipCommands.UnsubscribeAsync,
        ["publish"] = GossipCommands.PublishAsync,
        ["publishMany"] = GossipCommands.PublishManyAsync,
        ["validator"] = AtOnce(GossipCommands.Validator),
        ["mesh"] = AtOnce(GossipCommands.Mesh),
        ["subscribers"] = AtOnce(GossipCommands.Subscribers),
        ["gossipStats"] = AtOnce(GossipCommands.Stats),
        ["provide"] = DhtCommands.ProvideAsync,
        ["findProviders"] = DhtCommands.FindProvidersAsync,
        ["putValue"] = DhtCommands.PutValueAsync,
        ["getValue"] = DhtCommands.GetValueAsync,
        ["findPeer"] = DhtCommands.FindPeerAsync,
        ["closestPeers"] = DhtCommands.ClosestPeersAsync,
        ["routingTable"] = AtOnce(DhtCommands.RoutingTable),
        ["setMode"] = DhtCommands.SetModeAsync,
        ["openStream"] = StreamCommands.OpenStreamAsync,
        ["handle"] = AtOnce(StreamCommands.Handle),
        ["unhandle"] = AtOnce(StreamCommands.Unhandle),
        ["perf"] = StreamCommands.PerfAsync,
        ["info"] = AtOnce(ProcessCommands.Info),
    };

    // Their effect is complete before the next line is taken.
    private static readonly HashSet<string> Ordered = ["subscribe", "unsubscribe", "validator", "handle", "unhandle"];

    /// <returns>Null if there is no such command.</returns>
    public static Func<CommandContext, Task>? Find(string? name) => name is null ? null : ByName.GetValueOrDefault(name);

    public static bool IsOrdered(string? name) => name is not null && Ordered.Contains(name);

    private static Func<CommandContext, Task> AtOnce(Action<CommandContext> run) => context =>
    {
        run(context);
        return Task.CompletedTask;
    };
}
