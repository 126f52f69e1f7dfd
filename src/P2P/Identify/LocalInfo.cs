using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Identify;

/// <summary>What we announce at the moment, signed once per change.</summary>
internal sealed class LocalInfo(INetwork network, string agentVersion, Func<IReadOnlyList<Multiaddr>> observed)
{
    private readonly Lock _lock = new();
    private readonly PublicKey _key = network.Key.ToPublicKey();
    private State? _state;
    private long _version;
    private ulong _sequence;

    /// <summary>What to tell over a connection, and its version, which grows with each change.</summary>
    /// <remarks>Loopback addresses are only told over loopback: elsewhere they would lead to the remote itself.</remarks>
    internal (LocalDescription Description, long Version) For(IPeerConnection? connection)
    {
        lock (_lock)
        {
            State state = _state ??= Build();
            return (IsLoopback(connection?.RemoteAddress) ? state.Near : state.Far, state.Version);
        }
    }

    /// <summary>Looks again at addresses and protocols.</summary>
    /// <returns>True if what we announce has changed.</returns>
    internal bool Refresh()
    {
        lock (_lock)
        {
            if (_state is { } state && Addresses().SequenceEqual(state.Near.Addresses) && network.Protocols.SequenceEqual(state.Near.Protocols))
                return false;
            _state = Build();
            return true;
        }
    }

    private State Build()
    {
        IReadOnlyList<Multiaddr> all = Addresses();
        IReadOnlyList<Multiaddr> reachable = [.. all.Where(static address => !IsLoopback(address))];
        if (reachable.Count == 0)
            reachable = all;
        LocalDescription far = Describe(reachable);
        LocalDescription near = reachable.Count == all.Count ? far : Describe(all);
        return new State(near, far, ++_version);
    }

    /// <summary>The record names the same addresses (identify/README.md, "signedPeerRecord"), so that each list has a record of its own.</summary>
    private LocalDescription Describe(IReadOnlyList<Multiaddr> addresses)
    {
        _sequence = Math.Max(_sequence + 1, (ulong)network.Time.GetUtcNow().ToUnixTimeMilliseconds());
        byte[] record = new PeerRecord(network.LocalPeer, _sequence, addresses).Sign(network.Key);
        return new LocalDescription(_key, agentVersion, addresses, network.Protocols, record);
    }

    private IReadOnlyList<Multiaddr> Addresses() =>
        [.. network.ListenAddresses.Concat(observed()).Distinct().Take(IdentifyProtocol.MaxOwnAddresses)];

    private static bool IsLoopback(Multiaddr? address) =>
        address?.TcpEndPoint is { } endPoint && IpAddresses.Scope(endPoint.Address) == IpScope.Loopback;

    private sealed record State(LocalDescription Near, LocalDescription Far, long Version);
}
