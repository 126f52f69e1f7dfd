using System.Text.Json.Nodes;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.Peer.Events;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on the DHT.</summary>
internal static class DhtCommands
{
    private const string NotFound = "NotFound: nobody who was asked has it";

    public static async Task<CommandResult> ProvideAsync(CommandContext c)
    {
        Multihash key = c.Arguments.ProviderKey();
        ProvideResult result = await Dht(c).ProvideAsync(key, How(c), c.Cancellation);
        JsonObject fields = Names(key);
        fields["sentTo"] = JsonValues.Texts(result.SentTo);
        return new(WithStats(fields, result.Stats));
    }

    public static async Task<CommandResult> FindProvidersAsync(CommandContext c)
    {
        Multihash key = c.Arguments.ProviderKey();
        int? count = c.Arguments.Has("count") ? (int)Math.Clamp(c.Arguments.Number("count"), 1, int.MaxValue) : null;
        FindProvidersResult result = await Dht(c).FindProvidersAsync(key, count, How(c), c.Cancellation);
        JsonObject fields = Names(key);
        fields["providers"] = JsonValues.Array(result.Providers.Select(Provider));
        return new(WithStats(fields, result.Stats));
    }

    public static async Task<CommandResult> PutValueAsync(CommandContext c)
    {
        byte[] key = c.Arguments.Key();
        PutValueResult result = await Dht(c).PutValueAsync(key, c.Arguments.Bytes("value"), How(c), c.Cancellation);
        JsonObject fields = new() { ["key"] = JsonValues.Hex(key), ["storedAt"] = JsonValues.Texts(result.StoredAt) };
        return new(WithStats(fields, result.Stats));
    }

    public static async Task<CommandResult> GetValueAsync(CommandContext c)
    {
        byte[] key = c.Arguments.Key();
        GetValueResult result = await Dht(c).GetValueAsync(key, quorum: null, How(c), c.Cancellation);
        JsonObject fields = new() { ["key"] = JsonValues.Hex(key) };
        if (result.Value is { } value)
            fields["value"] = JsonValues.Hex(value.Span);
        if (result.From is not null)
            fields["from"] = result.From.ToString();
        return new(WithStats(fields, result.Stats), result.Value is null ? NotFound : null);
    }

    public static async Task<CommandResult> FindPeerAsync(CommandContext c)
    {
        PeerId peer = c.Arguments.Peer();
        FindPeerResult result = await Dht(c).FindPeerAsync(peer, c.Arguments.Flag("useCache", false), How(c), c.Cancellation);
        JsonObject fields = new() { ["peer"] = peer.ToString(), ["addrs"] = JsonValues.Texts(result.Found?.Addresses ?? []) };
        if (result.From is not null)
            fields["from"] = result.From.ToString();
        return new(WithStats(fields, result.Stats), result.Found is null ? NotFound : null);
    }

    public static async Task<CommandResult> ClosestPeersAsync(CommandContext c)
    {
        ClosestPeersResult result = await Dht(c).GetClosestPeersAsync(c.Arguments.Key(), How(c), c.Cancellation);
        return new(WithStats(new() { ["peers"] = JsonValues.Texts(result.Peers) }, result.Stats));
    }

    public static Task<CommandResult> RoutingTableAsync(CommandContext c)
    {
        IReadOnlyList<PeerId> table = Dht(c).RoutingTable;
        return Task.FromResult(new CommandResult(new() { ["size"] = table.Count, ["peers"] = JsonValues.Texts(table) }));
    }

    public static async Task<CommandResult> SetModeAsync(CommandContext c)
    {
        string mode = c.Arguments.Text("mode");
        await Dht(c).SetModeAsync(mode switch
        {
            "server" => DhtMode.Server,
            "client" => DhtMode.Client,
            _ => throw new ArgumentException($"'mode': '{mode}' is neither server nor client"),
        });
        return new(new() { ["mode"] = mode });
    }

    private static KademliaDht Dht(CommandContext c) => c.Peer.Host.Dht ?? throw new InvalidOperationException("the DHT is off");

    private static DhtQueryOptions How(CommandContext c) => new()
    {
        Timeout = c.Arguments.Timeout,
        Progress = c.Peer.Options.TracesDht ? step => DhtTrace.Write(c.Output, c.Id, step) : null,
    };

    private static JsonObject Names(Multihash key) =>
        new() { ["cid"] = new Cid(Cid.RawCodec, key).ToString(), ["multihash"] = JsonValues.Hex(key.Bytes) };

    private static JsonObject Provider(DhtProvider provider) => new()
    {
        ["peer"] = provider.Peer.ToString(),
        ["addrs"] = JsonValues.Texts(provider.Addresses),
        ["from"] = provider.From.ToString(),
    };

    private static JsonObject WithStats(JsonObject fields, DhtStats stats)
    {
        fields["asked"] = stats.Asked;
        fields["responses"] = stats.Responses;
        fields["errors"] = JsonValues.Texts(stats.Errors);
        if (stats.Ended is not null)
            fields["ended"] = stats.Ended;
        return fields;
    }
}
