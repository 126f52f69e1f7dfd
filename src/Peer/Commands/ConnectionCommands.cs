using System.Text.Json.Nodes;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on connections and on what is known of peers.</summary>
internal static class ConnectionCommands
{
    public static async Task DialAsync(CommandContext c) =>
        c.Set("conn", JsonValues.Connection(await c.Peer.Host.DialAsync(c.Arguments.Address(), c.Cancellation)));

    public static async Task HangUpAsync(CommandContext c) =>
        await c.Peer.Host.Network.DisconnectAsync(c.Arguments.Peer(), c.Cancellation);

    public static async Task PingAsync(CommandContext c)
    {
        long count = c.Arguments.Number("count", 1);
        List<double> times = [];
        c.SetAtEnd(() =>
        {
            lock (times)
                c.Set("rttMs", JsonValues.Array(times.Select(time => (JsonNode?)time)));
        });
        PeerId peer = (await TargetAsync(c)).RemotePeer;
        for (long i = 0; i < count; i++)
        {
            double milliseconds = (await c.Peer.Host.PingAsync(peer, c.Cancellation)).TotalMilliseconds;
            lock (times)
                times.Add(milliseconds);
            c.Emit("ping", new() { ["remotePeer"] = peer.ToString(), ["rttMs"] = milliseconds });
        }
    }

    public static async Task MuxerPingAsync(CommandContext c) =>
        c.Set("rttMs", (await Live(c).PingAsync(c.Cancellation)).TotalMilliseconds);

    public static async Task IdentifyAsync(CommandContext c)
    {
        IdentifiedPeer identified = await c.Peer.Host.IdentifyAsync(Live(c), c.Cancellation);
        c.Set("protocols", JsonValues.Texts(identified.Protocols ?? []));
        c.Set("agentVersion", identified.AgentVersion);
        c.Set("observedAddr", identified.ObservedAddress?.ToString());
    }

    public static Task IdentifyPushAsync(CommandContext c) => c.Peer.Host.PushIdentifyAsync(c.Cancellation);

    public static void Peers(CommandContext c) =>
        c.Set("peers", JsonValues.Texts(c.Peer.Host.Network.Connections.Select(connection => connection.RemotePeer).Distinct()));

    public static void Connections(CommandContext c) =>
        c.Set("connections", JsonValues.Array(c.Peer.Host.Network.Connections.Select(JsonValues.Connection)));

    public static void Addresses(CommandContext c) => c.Set("addrs", JsonValues.Texts(c.Peer.Host.Addresses));

    public static void Protocols(CommandContext c) => c.Set("protocols", JsonValues.Texts(c.Peer.Host.Network.Protocols));

    public static void PeerStore(CommandContext c)
    {
        PeerId id = c.Arguments.Peer();
        KnownPeer known = c.Peer.Host.Network.Peers.Find(id) ?? throw new InvalidOperationException($"nothing is known of {id}");
        JsonObject metadata = [];
        if (known.AgentVersion is not null)
            metadata["AgentVersion"] = known.AgentVersion;
        if (known.ProtocolVersion is not null)
            metadata["ProtocolVersion"] = known.ProtocolVersion;
        c.Set("addresses", JsonValues.Array(known.Addresses.Select(address =>
            new JsonObject { ["addr"] = address.Address.ToString(), ["certified"] = address.IsCertified })));
        c.Set("metadata", metadata);
        c.Set("protocols", JsonValues.Texts(known.Protocols ?? []));
    }

    /// <summary>The connection to the peer or address of a command, made if need be.</summary>
    public static async Task<IPeerConnection> TargetAsync(CommandContext c) => c.Arguments.Has("addr")
        ? await c.Peer.Host.DialAsync(c.Arguments.Address(), c.Cancellation)
        : await c.Peer.Host.ConnectAsync(c.Arguments.Peer(), c.Cancellation);

    private static IPeerConnection Live(CommandContext c)
    {
        PeerId peer = c.Arguments.Peer();
        return c.Peer.Host.Network.FindConnection(peer) ?? throw new InvalidOperationException($"{peer} is not connected");
    }
}
