using System.Collections.Concurrent;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.Integration.Tests.Cluster.Hostile;

/// <summary>One hostile member at full speed: joins under a new name whenever he is shut out.</summary>
/// <param name="way">How he gets to his victim.</param>
/// <param name="victim">Where that is.</param>
/// <param name="cluster">Its cluster.</param>
internal sealed class Siege(MachineTransport way, Multiaddr victim, string cluster)
{
    private readonly ClusterId _cluster = ClusterId.Of(new NodeOptions { Cluster = cluster });
    private readonly ConcurrentQueue<string> _peerIds = [];

    /// <summary>Under which he was let in.</summary>
    public int Names => _peerIds.Count;

    /// <summary>These names.</summary>
    public IReadOnlyCollection<string> PeerIds => _peerIds;

    public int Sent { get; private set; }

    public int Refusals { get; private set; }

    /// <summary>Goes on until cancelled.</summary>
    public Task RunAsync(Func<HostileMember, string, CancellationToken, Task> attack, CancellationToken stop) => Task.Run(
        async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await using HostileMember? member = await HostileMember.JoinAsync(way, victim, _cluster, stop);
                if (member is null)
                {
                    Refusals++;
                    continue;
                }
                _peerIds.Enqueue(ContributionReport.NameOf(member.Miner));
                await RunAsync(attack, member, stop);
                Sent += member.Sent;
            }
        },
        CancellationToken.None);

    private async Task RunAsync(Func<HostileMember, string, CancellationToken, Task> attack, HostileMember member, CancellationToken stop)
    {
        try
        {
            await attack(member, cluster, stop);
        }
        catch (Exception error) when (error is IOException or TimeoutException or OperationCanceledException)
        {
            // He was cut off in the middle of it, or the time is over.
        }
    }
}
