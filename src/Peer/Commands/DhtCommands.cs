using System.Text.Json.Nodes;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.Peer.Events;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on the DHT.</summary>
internal static class DhtCommands
{
    private const string NotFound = "nobody who was asked has it";

    public static async Task ProvideAsync(CommandContext c)
    {
        Multihash key = ProviderKey(c);
        ProvideResult result = await Dht(c).ProvideAsync(key, How(c), c.Stopping);
        c.Set("sentTo", JsonValues.Texts(result.SentTo));
        SetStats(c, result.Stats);
    }

    public static async Task FindProvidersAsync(CommandContext c)
    {
        Multihash key = ProviderKey(c);
        int? count = c.Arguments.Has("count") ? (int)Math.Clamp(c.Arguments.Number("count"), 1, int.MaxValue) : null;
        FindProvidersResult result = await Dht(c).FindProvidersAsync(key, count, How(c), c.Stopping);
        c.Set("providers", JsonValues.Array(result.Providers.Select(Provider)));
        SetStats(c, result.Stats);
    }

    public static async Task PutValueAsync(CommandContext c)
    {
        byte[] key = Key(c);
        PutValueResult result = await Dht(c).PutValueAsync(key, c.Arguments.Bytes("value"), How(c), c.Stopping);
        c.Set("storedAt", JsonValues.Texts(result.StoredAt));
        SetStats(c, result.Stats);
    }

    public static async Task GetValueAsync(CommandContext c)
    {
        GetValueResult result = await Dht(c).GetValueAsync(Key(c), quorum: null, How(c), c.Stopping);
        SetStats(c, result.Stats);
        c.Set("value", JsonValues.Hex((result.Value ?? throw new KeyNotFoundException(NotFound)).Span));
        c.Set("from", result.From?.ToString());
    }

    public static async Task FindPeerAsync(CommandContext c)
    {
        PeerId peer = c.Arguments.Peer();
        c.Set("peer", peer.ToString());
        FindPeerResult result = await Dht(c).FindPeerAsync(peer, c.Arguments.Flag("useCache", false), How(c), c.Stopping);
        SetStats(c, result.Stats);
        c.Set("addrs", JsonValues.Texts((result.Found ?? throw new KeyNotFoundException(NotFound)).Addresses));
        c.Set("from", result.From?.ToString());
    }

    public static async Task ClosestPeersAsync(CommandContext c)
    {
        ClosestPeersResult result = await Dht(c).GetClosestPeersAsync(c.Arguments.KeyOrPeer(), How(c), c.Stopping);
        c.Set("peers", JsonValues.Texts(result.Peers));
        SetStats(c, result.Stats);
    }

    public static void RoutingTable(CommandContext c)
    {
        IReadOnlyList<PeerId> table = Dht(c).RoutingTable;
        c.Set("size", table.Count);
        c.Set("peers", JsonValues.Texts(table));
    }

    public static async Task SetModeAsync(CommandContext c)
    {
        string mode = c.Arguments.Text("mode");
        await Dht(c).SetModeAsync(mode switch
        {
            "server" => DhtMode.Server,
            "client" => DhtMode.Client,
            _ => throw new ArgumentException($"'mode': '{mode}' is neither server nor client"),
        });
        c.Set("mode", mode);
    }

    private static KademliaDht Dht(CommandContext c) => c.Peer.Host.Dht ?? throw new InvalidOperationException("the DHT is off");

    // The query minds its time itself, and then gives what it has.
    private static DhtQueryOptions How(CommandContext c) => new()
    {
        Timeout = c.Arguments.Timeout,
        Progress = c.Peer.Options.TracesDht ? step => DhtTrace.Write(c, step) : null,
    };

    private static Multihash ProviderKey(CommandContext c)
    {
        Multihash key = c.Arguments.ProviderKey();
        c.Set("cid", new Cid(Cid.RawCodec, key).ToString());
        c.Set("multihash", JsonValues.Hex(key.Bytes));
        return key;
    }

    private static byte[] Key(CommandContext c)
    {
        byte[] key = c.Arguments.Key();
        c.Set("key", JsonValues.Hex(key));
        return key;
    }

    private static JsonObject Provider(DhtProvider provider) => new()
    {
        ["peer"] = provider.Peer.ToString(),
        ["addrs"] = JsonValues.Texts(provider.Addresses),
        ["from"] = provider.From.ToString(),
    };

    private static void SetStats(CommandContext c, DhtStats stats)
    {
        c.Set("asked", stats.Asked);
        c.Set("responses", stats.Responses);
        c.Set("errors", JsonValues.Texts(stats.Errors));
        c.Set("ended", stats.Ended);
    }
}
