using System.Text.Json.Nodes;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on connections and on what is known of peers.</summary>
internal static class ConnectionCommands
{
    public static async Task<CommandResult> DialAsync(CommandContext c) =>
        new(new() { ["conn"] = JsonValues.Connection(await c.Peer.Host.DialAsync(c.Arguments.Address(), c.Cancellation)) });

    public static async Task<CommandResult> HangUpAsync(CommandContext c)
    {
        await c.Peer.Host.Network.DisconnectAsync(c.Arguments.Peer(), c.Cancellation);
        return new([]);
    }

    public static async Task<CommandResult> PingAsync(CommandContext c)
    {
        IPeerConnection connection = await TargetAsync(c);
        JsonArray times = [];
        for (long i = c.Arguments.Number("count", 1); i > 0; i--)
        {
            double milliseconds = (await c.Peer.Host.PingAsync(connection.RemotePeer, c.Cancellation)).TotalMilliseconds;
            c.Output.Write("ping", new() { ["remotePeer"] = connection.RemotePeer.ToString(), ["rttMs"] = milliseconds });
            times.Add(milliseconds);
        }
        return new(new() { ["rttMs"] = times });
    }

    public static async Task<CommandResult> MuxerPingAsync(CommandContext c) =>
        new(new() { ["rttMs"] = (await Live(c).PingAsync(c.Cancellation)).TotalMilliseconds });

    public static async Task<CommandResult> IdentifyAsync(CommandContext c)
    {
        IdentifiedPeer identified = await c.Peer.Host.IdentifyAsync(Live(c), c.Cancellation);
        return new(new()
        {
            ["protocols"] = JsonValues.Texts(identified.Protocols ?? []),
            ["agentVersion"] = identified.AgentVersion,
            ["observedAddr"] = identified.ObservedAddress?.ToString(),
        });
    }

    public static async Task<CommandResult> IdentifyPushAsync(CommandContext c)
    {
        await c.Peer.Host.PushIdentifyAsync(c.Cancellation);
        return new([]);
    }

    public static Task<CommandResult> PeersAsync(CommandContext c) => Task.FromResult(new CommandResult(new()
    {
        ["peers"] = JsonValues.Texts(c.Peer.Host.Network.Connections.Select(connection => connection.RemotePeer).Distinct()),
    }));

    public static Task<CommandResult> ConnectionsAsync(CommandContext c) => Task.FromResult(new CommandResult(new()
    {
        ["connections"] = JsonValues.Array(c.Peer.Host.Network.Connections.Select(JsonValues.Connection)),
    }));

    public static Task<CommandResult> AddressesAsync(CommandContext c) =>
        Task.FromResult(new CommandResult(new() { ["addrs"] = JsonValues.Texts(c.Peer.Host.Addresses) }));

    public static Task<CommandResult> ProtocolsAsync(CommandContext c) =>
        Task.FromResult(new CommandResult(new() { ["protocols"] = JsonValues.Texts(c.Peer.Host.Network.Protocols) }));

    public static Task<CommandResult> PeerStoreAsync(CommandContext c)
    {
        PeerId id = c.Arguments.Peer();
        KnownPeer known = c.Peer.Host.Network.Peers.Find(id) ?? throw new InvalidOperationException($"nothing is known of {id}");
        JsonObject metadata = [];
        if (known.AgentVersion is not null)
            metadata["AgentVersion"] = known.AgentVersion;
        if (known.ProtocolVersion is not null)
            metadata["ProtocolVersion"] = known.ProtocolVersion;
        return Task.FromResult(new CommandResult(new()
        {
            ["addresses"] = JsonValues.Array(known.Addresses.Select(address =>
                new JsonObject { ["addr"] = address.Address.ToString(), ["certified"] = address.IsCertified })),
            ["metadata"] = metadata,
            ["protocols"] = JsonValues.Texts(known.Protocols ?? []),
        }));
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
