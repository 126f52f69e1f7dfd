using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>
/// Somebody who has joined a cluster and says what he likes there, as fast as he can: a libp2p host that keeps to the rules of libp2p and
/// to none of the cluster's.
/// </summary>
internal sealed class HostileMember : IAsyncDisposable
{
    private readonly Host _host;
    private readonly PeerId _victim;
    private ulong _sequence;

    private HostileMember(Host host, PeerId victim, ClusterId cluster)
    {
        _host = host;
        _victim = victim;
        Cluster = cluster;
    }

    public ClusterId Cluster { get; }

    public MinerId Miner => new(_host.Id.Bytes);

    /// <summary>Whether the victim still speaks with him.</summary>
    public bool IsConnected => _host.Network.FindConnection(_victim) is not null;

    /// <summary>Messages and requests that he got rid of.</summary>
    public int Sent { get; set; }

    /// <summary>What he tells of his chain.</summary>
    public ChainTip Tip { get; set; } = new(0, default, 1);

    /// <summary>Answers who catches up with him.</summary>
    public Func<ChainRequest, ChainPage> Answer { get; set; } = _ => new ChainPage();

    /// <summary>Comes under a name that nobody knows; null if he is not let in.</summary>
    public static async Task<HostileMember?> JoinAsync(ITransport transport, Multiaddr victim, ClusterId cluster, CancellationToken cancellation)
    {
        HostileMember? member = null;
        Host host = await Host.StartAsync(
            new HostOptions
            {
                Key = Ed25519KeyPair.Generate(),
                Transports = [transport],
                PubSub = new PubSubOptions { Limits = new PubSubLimits { MaxDataSize = 256 * 1024 } },
                Dht = new DhtOptions { AddressScope = IpScope.Private },
            },
            host =>
            {
                host.Handle(ChainProtocol.Id, (stream, stop) => member!.ServeAsync(stream, stop));
                host.Handle(DatasetProtocol.Id, (stream, stop) => member!.LieAsync(stream, stop));
            },
            NullLoggerFactory.Instance, cancellation);
        member = new HostileMember(host, victim.Peer!, cluster);
        try
        {
            foreach (string topic in new[] { cluster.StatusTopic, cluster.SharesTopic, cluster.JobsTopic })
                host.PubSub!.Subscribe(topic, static _ => { });
            await host.DialAsync(victim, cancellation);
            await Wait.UntilAsync(
                () => Task.FromResult(cancellation.IsCancellationRequested || !member.IsConnected || host.PubSub!.Subscribers(cluster.SharesTopic).Count > 0),
                () => "the victim is in the cluster");
            if (member.IsConnected)
            {
                await member.BeatAsync(cancellation);
                return member;
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // He is known for what he is, there are too many of him, or the time is over.
        }
        await host.DisposeAsync();
        return null;
    }

    /// <summary>Keys whose datasets he says to have.</summary>
    public IReadOnlyList<Hash256> DatasetKeys { get; set; } = [];

    /// <summary>Says that he is there.</summary>
    public ValueTask<IReadOnlyList<PeerId>> BeatAsync(CancellationToken cancellation)
    {
        MemberStatus status = new()
        {
            Version = "1.0.0",
            Run = 1,
            Sequence = ++_sequence,
            Tip = Tip,
            HasDaemon = true,
            IsDatasetHost = DatasetKeys.Count > 0,
            DatasetKeys = DatasetKeys,
        };
        return SayAsync(Cluster.StatusTopic, HeartbeatCodec.Encode(status), cancellation);
    }

    public ValueTask<IReadOnlyList<PeerId>> SayAsync(string topic, byte[] data, CancellationToken cancellation)
    {
        Sent++;
        return _host.PubSub!.PublishAsync(topic, data, cancellation);
    }

    /// <summary>The victim's chain, believed as it is.</summary>
    public async Task<ShareTree> LearnAsync(string cluster, CancellationToken cancellation)
    {
        ShareTree tree = new(Genesis.Of(cluster), (_, _) => default, _ => true);
        await using PeerStream stream = await AskAsync(cancellation);
        ChainClient client = new(stream, TimeProvider.System);
        ulong before;
        do
        {
            before = tree.Tip.Height;
            if (await client.AskAfterAsync([tree.Tip.Id], cancellation) is not { } page)
                break;
            IReadOnlyList<Share> links = ChainProtocol.Read(page);
            IReadOnlyList<Share> uncles = await UncleFetch.FetchAsync(client, tree, links, cancellation);
            foreach (Share share in uncles.Concat(links).OrderBy(share => share.Header.Height))
                tree.AddVerified(share, share.Header.Timestamp);
        }
        while (tree.Tip.Height > before);
        return tree;
    }

    /// <summary>A stream of the chain's protocol.</summary>
    public ValueTask<PeerStream> AskAsync(CancellationToken cancellation) => _host.OpenStreamAsync(_victim, [ChainProtocol.Id], cancellation);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Sends chunks of the right size in which nothing is right.</summary>
    private async Task LieAsync(PeerStream stream, CancellationToken cancellation)
    {
        byte[] chunk = RandomNumberGenerator.GetBytes(DatasetProtocol.MaxChunkSize);
        while (await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, cancellation) is DatasetRequest request)
        {
            for (uint i = 0; i < request.ChunkCount; i++, Sent++)
            {
                long first = (request.FirstChunk + i) * (long)chunk.Length;
                int size = (int)Math.Min(chunk.Length, RandomXLibrary.DatasetItemCount * (long)RandomXLibrary.DatasetItemSize - first);
                await stream.WriteAsync(DatasetProtocol.Prefix((int)(request.FirstChunk + i), size), cancellation);
                await stream.WriteAsync(chunk.AsMemory(0, size), cancellation);
            }
        }
    }

    private async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        while (await Frames.ReadAsync(stream, ChainProtocol.Requests, ChainProtocol.MaxRequestSize, cancellation) is ChainRequest request)
            await Frames.WriteAsync(stream, Answer(request), cancellation);
    }
}
