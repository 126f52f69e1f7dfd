using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Identify;

/// <summary>
/// Addresses under which others say they see us (libp2p/specs, identify/README.md, "observedAddr"). One peer may lie or stand behind the same
/// address translation as we do: an address counts when enough peers of different networks told it.
/// </summary>
/// <remarks>
/// On a connection that the remote dialled it sees the address it dialled, port included. On one that we dialled it sees a port made for this
/// connection: only the IP address tells something, and it is taken together with the ports that we listen on.
/// </remarks>
internal sealed class ObservedAddresses(TimeProvider time)
{
    /// <summary>Different networks (/16, /32) that must agree on a public address.</summary>
    internal const int PublicConfirmations = 3;

    /// <summary>Different hosts that must agree on a private address.</summary>
    internal const int PrivateConfirmations = 2;

    /// <summary>Candidates remembered; the one told of longest ago makes room.</summary>
    internal const int MaxCandidates = 64;

    /// <summary>Reporters remembered per candidate; more prove nothing further.</summary>
    internal const int MaxReporters = 16;

    /// <summary>A report counts for so long. As go-libp2p.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(40);

    private readonly Lock _lock = new();
    private readonly Dictionary<Multiaddr, Candidate> _candidates = [];

    /// <summary>The addresses that enough peers agree on.</summary>
    internal IReadOnlyList<Multiaddr> Confirmed
    {
        get
        {
            DateTimeOffset now = time.GetUtcNow();
            lock (_lock)
                return [.. _candidates.Where(entry => entry.Value.IsConfirmed(now)).Select(static entry => entry.Key).OrderBy(static address => address.ToString(), StringComparer.Ordinal)];
        }
    }

    /// <summary>Takes a report.</summary>
    /// <param name="connection">Whom it came from, and how.</param>
    /// <param name="observed">What it says.</param>
    /// <param name="listening">Our listen addresses, wildcards resolved.</param>
    /// <returns>True if <see cref="Confirmed"/> may have changed.</returns>
    internal bool Add(IPeerConnection connection, Multiaddr observed, IReadOnlyList<Multiaddr> listening)
    {
        if (observed.TcpEndPoint is not { } seen || connection.RemoteAddress.TcpEndPoint is not { } reporter)
            return false;
        // Who is near sees our near address, who is far our far one; anything else is a lie or says nothing to others.
        if (IpAddresses.Scope(seen.Address) != IpAddresses.Scope(reporter.Address) || IpAddresses.Scope(seen.Address) == IpScope.Loopback)
            return false;
        bool changed = false;
        foreach (Multiaddr candidate in CandidatesOf(seen, connection.Direction, listening))
            changed |= !listening.Contains(candidate) && Note(candidate, connection.RemotePeer, reporter.Address);
        return changed;
    }

    private static IEnumerable<Multiaddr> CandidatesOf(IPEndPoint seen, Direction direction, IReadOnlyList<Multiaddr> listening)
    {
        if (direction == Direction.Inbound)
            return [Multiaddr.FromTcp(seen)];
        return listening
            .Select(static address => address.TcpEndPoint)
            .OfType<IPEndPoint>()
            .Where(listener => listener.AddressFamily == seen.AddressFamily)
            .Select(listener => Multiaddr.FromTcp(new IPEndPoint(seen.Address, listener.Port)))
            .Distinct();
    }

    private bool Note(Multiaddr address, PeerId reporter, IPAddress from)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_candidates.TryGetValue(address, out Candidate? candidate))
            {
                if (_candidates.Count >= MaxCandidates)
                    _candidates.Remove(_candidates.MinBy(static entry => entry.Value.Last).Key);
                bool isPublic = IpAddresses.Scope(address.TcpEndPoint!.Address) == IpScope.Public;
                _candidates[address] = candidate = new Candidate(isPublic);
            }
            bool before = candidate.IsConfirmed(now);
            candidate.Note(reporter, from, now);
            return candidate.IsConfirmed(now) != before;
        }
    }

    private sealed class Candidate(bool isPublic)
    {
        private readonly Dictionary<PeerId, (IPAddress Voice, DateTimeOffset Last)> _reports = [];

        internal DateTimeOffset Last { get; private set; }

        internal void Note(PeerId reporter, IPAddress from, DateTimeOffset now)
        {
            Last = now;
            if (!_reports.ContainsKey(reporter) && _reports.Count >= MaxReporters)
                _reports.Remove(_reports.MinBy(static report => report.Value.Last).Key);
            _reports[reporter] = (isPublic ? IpAddresses.Group(from) : IpAddresses.Host(from), now);
        }

        internal bool IsConfirmed(DateTimeOffset now) => _reports.Values
            .Where(report => now - report.Last < Lifetime)
            .Select(static report => report.Voice)
            .Distinct()
            .Count() >= (isPublic ? PublicConfirmations : PrivateConfirmations);
    }
}
