using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>What a hostile member does until he is cut off.</summary>
internal static class Attacks
{
    /// <summary>A height that Monero reaches in a thousand years.</summary>
    private const ulong HighBlock = 400_000_000;

    public static readonly IReadOnlyDictionary<string, Func<HostileMember, string, CancellationToken, Task>> All =
        new Dictionary<string, Func<HostileMember, string, CancellationToken, Task>>
        {
            ["shares without work"] = SharesAsync,
            ["shares without parents"] = OrphansAsync,
            ["forged jobs"] = JobsAsync,
            ["other jobs each time"] = ChangingJobsAsync,
            ["keys that change"] = ChangingKeysAsync,
            ["blocks without work"] = BlocksAsync,
            ["a chain without work"] = ChainAsync,
            ["pages of the chain"] = PagesAsync,
            ["heartbeats"] = BeatsAsync,
            ["nothing but names"] = (_, _, _) => Task.CompletedTask,
        };

    /// <summary>Each fits the chain, and nothing but its proof of work is wrong.</summary>
    private static async Task SharesAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        ShareTree tree = await member.LearnAsync(cluster, cancellation);
        for (int sent = 0; member.IsConnected; sent++)
            await member.SayAsync(member.Cluster.SharesTopic, ShareMessageCodec.Encode(tree.NextTemplate(member.Miner, Now).ToShare((ulong)sent, 0)), cancellation);
    }

    /// <summary>Each might be the first of a branch that others know.</summary>
    private static async Task OrphansAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        ShareTree tree = await member.LearnAsync(cluster, cancellation);
        ShareHeader header = tree.NextTemplate(member.Miner, Now).ToShare(0, 0).Header;
        for (int sent = 0; member.IsConnected; sent++)
        {
            Share share = Share.Embedded(header with { Parent = Keccak256.Hash(BitConverter.GetBytes(sent)) }, 0);
            await member.SayAsync(member.Cluster.SharesTopic, ShareMessageCodec.Encode(share), cancellation);
        }
    }

    /// <summary>With a hashing blob that is not that of the template, which takes the rebuilding of a merkle root to see.</summary>
    private static async Task JobsAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        for (int sent = 0; member.IsConnected; sent++)
        {
            DaemonTemplate template = SampleTemplate.Read((ulong)(20 + sent), Hash256.Zero, Hash256.Zero, 1000, transactions: 1000);
            template.HashingBlob[40] ^= 1;
            await member.SayAsync(member.Cluster.JobsTopic, WorkCodec.Encode(template)!, cancellation);
            if (sent % 20 == 0)
                await member.BeatAsync(cancellation);
        }
    }

    /// <summary>Nothing is wrong with these, but that no daemon wants them; large, and under a key that is in use.</summary>
    private static async Task ChangingJobsAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        Hash256 key = (await member.LearnAsync(cluster, cancellation)).Tip.ChildKey;
        for (int sent = 0; member.IsConnected; sent++)
        {
            DaemonTemplate template = SampleTemplate.Read(1, Keccak256.Hash(BitConverter.GetBytes(sent)), key, 1000, transactions: 7000);
            await member.SayAsync(member.Cluster.JobsTopic, WorkCodec.Encode(template)!, cancellation);
            if (sent % 20 == 0)
                await member.BeatAsync(cancellation);
        }
    }

    /// <summary>
    /// Blocks above all others, in turn under another key and under the one in use: who followed would make a cache and a dataset each second.
    /// </summary>
    private static async Task ChangingKeysAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        Hash256[] keys = [Keccak256.Hash("another key"u8), (await member.LearnAsync(cluster, cancellation)).Tip.ChildKey];
        for (int sent = 0; member.IsConnected; sent++)
        {
            DaemonTemplate template = SampleTemplate.Read(HighBlock + (ulong)sent, Hash256.Zero, keys[sent % 2], 1_000_000_000);
            await member.SayAsync(member.Cluster.JobsTopic, WorkCodec.Encode(template)!, cancellation);
            await member.BeatAsync(cancellation);
            await Task.Delay(1000, cancellation);
        }
    }

    /// <summary>On parents that nobody knows, after a job that anybody may publish: nobody can be blamed for these.</summary>
    private static async Task BlocksAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        Hash256 key = (await member.LearnAsync(cluster, cancellation)).Tip.ChildKey;
        await member.SayAsync(member.Cluster.JobsTopic, WorkCodec.Encode(SampleTemplate.Read(1, Hash256.Zero, key, 1_000_000))!, cancellation);
        for (int sent = 0; member.IsConnected; sent++)
        {
            Hash256 parent = Keccak256.Hash(BitConverter.GetBytes(sent));
            FoundBlock block = SampleTemplate.Job(SampleTemplate.Read((ulong)(20 + sent), parent, key, 1000)).BuildBlock(1, 2, DateTimeOffset.UnixEpoch);
            await member.SayAsync(member.Cluster.JobsTopic, WorkCodec.Encode(new TravellingBlock(block.Blob, key))!, cancellation);
            if (sent % 20 == 0)
                await member.BeatAsync(cancellation);
        }
    }

    /// <summary>A chain that is longer than that of the others.</summary>
    private static async Task ChainAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        ShareTree tree = await member.LearnAsync(cluster, cancellation);
        for (int i = 0; i < 500; i++)
        {
            Share share = tree.NextTemplate(member.Miner, Now).ToShare((ulong)i, 0);
            tree.AddVerified(share, share.Header.Timestamp);
        }
        ChainServer server = new(tree, _ => true, TimeProvider.System);
        member.Answer = server.Answer;
        member.Tip = new ChainTip(tree.Tip.Height, tree.Tip.Id, tree.Tip.CumulativeDifficulty);
        while (member.IsConnected)
        {
            await member.BeatAsync(cancellation);
            await Task.Delay(200, cancellation);
        }
    }

    /// <summary>Again and again, on new streams.</summary>
    private static async Task PagesAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        while (member.IsConnected)
        {
            await using PeerStream stream = await member.AskAsync(cancellation);
            ChainClient client = new(stream, TimeProvider.System);
            for (int i = 0; i < 8; i++, member.Sent++)
                await client.AskAfterAsync([Genesis.Of(cluster).Id], cancellation);
        }
    }

    /// <summary>One after the other, without a pause.</summary>
    private static async Task BeatsAsync(HostileMember member, string cluster, CancellationToken cancellation)
    {
        while (member.IsConnected)
            await member.BeatAsync(cancellation);
    }

    /// <summary>Of a dataset that the victim is making.</summary>
    public static async Task ChunksAsync(HostileMember member, Hash256 key, CancellationToken cancellation)
    {
        member.DatasetKeys = [key];
        while (member.IsConnected)
        {
            await member.BeatAsync(cancellation);
            await Task.Delay(200, cancellation);
        }
    }

    private static ulong Now => (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
}
