namespace P2PMiner.Peer.Commands;

/// <summary>All commands by name.</summary>
internal static class CommandTable
{
    private static readonly Dictionary<string, Func<CommandContext, Task<CommandResult>>> ByName = new()
    {
        ["dial"] = ConnectionCommands.DialAsync,
        ["hangup"] = ConnectionCommands.HangUpAsync,
        ["ping"] = ConnectionCommands.PingAsync,
        ["muxerPing"] = ConnectionCommands.MuxerPingAsync,
        ["identify"] = ConnectionCommands.IdentifyAsync,
        ["identifyPush"] = ConnectionCommands.IdentifyPushAsync,
        ["peers"] = ConnectionCommands.PeersAsync,
        ["connections"] = ConnectionCommands.ConnectionsAsync,
        ["addrs"] = ConnectionCommands.AddressesAsync,
        ["protocols"] = ConnectionCommands.ProtocolsAsync,
        ["peerStore"] = ConnectionCommands.PeerStoreAsync,
        ["subscribe"] = GossipCommands.SubscribeAsync,
        ["unsubscribe"] = GossipCommands.UnsubscribeAsync,
        ["publish"] = GossipCommands.PublishAsync,
        ["publishMany"] = GossipCommands.PublishManyAsync,
        ["validator"] = GossipCommands.ValidatorAsync,
        ["mesh"] = GossipCommands.MeshAsync,
        ["subscribers"] = GossipCommands.SubscribersAsync,
        ["gossipStats"] = GossipCommands.StatsAsync,
        ["provide"] = DhtCommands.ProvideAsync,
        ["findProviders"] = DhtCommands.FindProvidersAsync,
        ["putValue"] = DhtCommands.PutValueAsync,
        ["getValue"] = DhtCommands.GetValueAsync,
        ["findPeer"] = DhtCommands.FindPeerAsync,
        ["closestPeers"] = DhtCommands.ClosestPeersAsync,
        ["routingTable"] = DhtCommands.RoutingTableAsync,
        ["setMode"] = DhtCommands.SetModeAsync,
        ["openStream"] = StreamCommands.OpenStreamAsync,
        ["handle"] = StreamCommands.HandleAsync,
        ["unhandle"] = StreamCommands.UnhandleAsync,
        ["perf"] = StreamCommands.PerfAsync,
        ["info"] = ProcessCommands.InfoAsync,
    };

    // Their effect is complete before the next line is taken.
    private static readonly HashSet<string> Ordered = ["subscribe", "unsubscribe", "validator", "handle", "unhandle"];

    public static Func<CommandContext, Task<CommandResult>>? Find(string name) => ByName.GetValueOrDefault(name);

    public static bool IsOrdered(string name) => Ordered.Contains(name);
}
