using Microsoft.Extensions.Logging;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>
/// Keeps the members that this node is connected with, and dials those of this run and of earlier ones that are missing: while nobody is
/// there all of them, else a few each minute, since parts of a cluster that were parted for long may have no other way to meet.
/// </summary>
/// <param name="host">Dials.</param>
/// <param name="known">The file.</param>
/// <param name="connected">Members that this node is connected with.</param>
/// <param name="isLive">Whether a member is heard, through others if need be.</param>
/// <param name="isWelcome">Whether a peer may be connected to.</param>
/// <param name="finder">Dials many.</param>
/// <param name="time">Paces.</param>
/// <param name="logger">Told, at level debug, of peers that do not answer.</param>
internal sealed class MemberMemory(
    Host host, KnownPeers known, Func<IReadOnlyList<PeerId>> connected, Predicate<PeerId> isLive, Predicate<PeerId> isWelcome, PeerFinder finder,
    TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Of what is remembered of peers.</summary>
    private static readonly TimeSpan AddressLifetime = TimeSpan.FromDays(1);

    private readonly MissingPeers _missing = new(time);

    /// <exception cref="OperationCanceledException">Cancelled; the members of this run are kept.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        known.Load();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                IReadOnlyList<PeerId> members = connected();
                Save(members);
                if (members.Count == 0)
                    FindAll();
                else
                    await DialMissingAsync(cancellation);
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        finally
        {
            Save(connected());
        }
    }

    private void FindAll()
    {
        foreach ((PeerId peer, IReadOnlyList<Multiaddr> addresses) in known.All)
        {
            host.Network.Peers.AddAddresses(peer, addresses, AddressLifetime);
            finder.Add(peer);
        }
    }

    /// <summary>However many connections there are: those may all be with one side of what was parted.</summary>
    private Task DialMissingAsync(CancellationToken cancellation)
    {
        Dictionary<PeerId, IReadOnlyList<Multiaddr>> all = known.All.ToDictionary(peer => peer.Peer, peer => peer.Addresses);
        IReadOnlyList<PeerId> missing = _missing.Take(
            all.Keys, peer => peer.Equals(host.Id) || isLive(peer) || host.Network.FindConnection(peer) is not null || !isWelcome(peer));
        return Task.WhenAll(missing.Select(peer => DialAsync(peer, all[peer], cancellation)));
    }

    private async Task DialAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellation)
    {
        host.Network.Peers.AddAddresses(peer, addresses, AddressLifetime);
        try
        {
            await host.ConnectAsync(peer, cancellation);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            logger.LogDebug("No connection to {Peer}, a member once: {Reason}", peer, error.Message);
        }
    }

    private void Save(IReadOnlyList<PeerId> members)
    {
        if (members.Count > 0)
            known.Save(members.Select(peer => (peer, (IReadOnlyList<Multiaddr>)[.. host.Network.Peers.Addresses(peer).Where(address => address.IsTcp)])));
    }
}
