using P2PMiner.P2P.PubSub.Routing;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>How much a router holds in every table that could grow, by name, without what belongs to its own subscriptions.</summary>
internal static class RouterTables
{
    internal static Dictionary<string, long> Of(RouterParts parts) => new()
    {
        ["gossip peers"] = parts.Peers.Count,
        ["seen messages"] = parts.Seen.Count,
        ["cached messages"] = parts.Cache.Count,
        ["cached bytes"] = parts.Cache.Bytes,
        ["promises"] = parts.Promises.Count,
        ["messages in flight"] = parts.InFlight.Count,
        ["authors"] = parts.Authors.Count,
        ["scores"] = parts.Scores.Count,
        ["scored addresses"] = parts.Scores.AddressCount,
        ["deliveries"] = parts.Deliveries.Count,
        ["foreign topics"] = parts.Topics.Count - parts.Local.Names.Count,
        ["prune back-offs"] = parts.Topics.All.Sum(static topic => topic.Backoffs.Count),
        ["subscribers"] = parts.Topics.All.Sum(static topic => topic.Subscribers.Count),
        ["mesh links"] = parts.Topics.All.Sum(static topic => topic.Mesh?.Count ?? 0),
    };
}
