using System.Net;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Node.Cluster.Entry;

/// <summary>
/// Who may connect, as far as it is a matter of how often: to be let in costs others a handshake and much more, and names cost nothing, so that
/// who is shut out would come back under another one at once. Counted by host, which is an IPv4 address or the /64 of an IPv6 address, and over
/// all hosts, of which one machine may have many. Members that have proved themselves (<see cref="Standing"/>) are let in as ever, and so is
/// everything on this machine. Thread-safe.
/// </summary>
/// <param name="standing">Who has proved himself.</param>
/// <param name="time">Clock.</param>
internal sealed class Entrance(Standing standing, TimeProvider time)
{
    /// <summary>Handshakes with one host, at once and per second. All nodes of a house may stand behind one address, and start together.</summary>
    public const double HostHandshakes = 64, HostHandshakeRate = 1;

    /// <summary>Handshakes with all hosts that no member who has proved himself came from.</summary>
    public const double NewHandshakes = 128, NewHandshakeRate = 5;

    /// <summary>Strangers of one host that are let in, at once and per second.</summary>
    public const double HostStrangers = 16, HostStrangerRate = 0.1;

    /// <summary>Strangers of all hosts; those that this node dials are counted apart, so that it can find others whoever besets it.</summary>
    public const double AllStrangers = 48, AllStrangerRate = 0.5;

    /// <summary>How long nobody is let in from a host that one was shut out of: so long, then twice as long each time.</summary>
    public static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(10), LongestRest = TimeSpan.FromMinutes(10);

    /// <summary>From a host that honest members came from as well, no longer than this.</summary>
    public static readonly TimeSpan SharedRest = TimeSpan.FromMinutes(1);

    /// <summary>A host is as good as new when nobody of it was shut out for so long.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>Hosts that are remembered; beyond it, who was there least recently is forgotten, those that rest last.</summary>
    public const int MaxHosts = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, HostState> _hosts = [];
    private readonly Bucket _newHandshakes = new(NewHandshakes, NewHandshakeRate, time);
    private readonly Bucket _inbound = new(AllStrangers, AllStrangerRate, time);
    private readonly Bucket _outbound = new(AllStrangers, AllStrangerRate, time);

    /// <summary>Whether a connection that somebody made is worth a handshake.</summary>
    public bool MayKnock(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
            return true;
        lock (_lock)
        {
            HostState host = StateOf(address);
            return !IsResting(host) && host.Handshakes.TryTake() && (host.HasProven || _newHandshakes.TryTake());
        }
    }

    /// <summary>Whether a connection may stay, now that it is known with whom.</summary>
    public bool MayEnter(PeerId peer, IPAddress address, Direction direction)
    {
        if (IPAddress.IsLoopback(address))
            return true;
        bool isProven = standing.IsProven(peer);
        lock (_lock)
        {
            HostState host = StateOf(address);
            host.HasProven |= isProven;
            if (isProven)
                return true;
            return !IsResting(host) && host.Strangers.TryTake() && (direction == Direction.Inbound ? _inbound : _outbound).TryTake();
        }
    }

    /// <summary>A member who is there has proved himself.</summary>
    public void Know(IPAddress address)
    {
        lock (_lock)
            StateOf(address).HasProven = true;
    }

    /// <summary>A member is being shut out.</summary>
    public void Blame(IPeerConnection connection)
    {
        standing.Lose(connection.RemotePeer);
        if (connection.RemoteAddress.IPAddress is { } address)
            Blame(address);
    }

    /// <summary>A member who came from there was shut out.</summary>
    internal void Blame(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
            return;
        lock (_lock)
        {
            HostState host = StateOf(address);
            long now = time.GetTimestamp();

            // Several connections of one member end for one deed, and what he did before counts once.
            if (IsResting(host))
                return;
            host.Offences = host.Blamed is long last && time.GetElapsedTime(last, now) > Memory ? 1 : host.Offences + 1;
            host.Blamed = now;
        }
    }

    private bool IsResting(HostState host)
    {
        if (host.Blamed is not long blamed)
            return false;
        TimeSpan longest = host.HasProven ? SharedRest : LongestRest;
        TimeSpan rest = FirstRest * Math.Pow(2, Math.Min(host.Offences - 1, 16));
        return time.GetElapsedTime(blamed) < (rest < longest ? rest : longest);
    }

    private HostState StateOf(IPAddress address)
    {
        IPAddress key = IpAddresses.Host(address);
        if (!_hosts.TryGetValue(key, out HostState? host))
        {
            if (_hosts.Count == MaxHosts)
                _hosts.Remove(_hosts.MinBy(pair => (IsResting(pair.Value), pair.Value.HasProven, pair.Value.Seen)).Key);
            _hosts[key] = host = new HostState(new Bucket(HostHandshakes, HostHandshakeRate, time), new Bucket(HostStrangers, HostStrangerRate, time));
        }
        host.Seen = time.GetTimestamp();
        return host;
    }

    private sealed class HostState(Bucket handshakes, Bucket strangers)
    {
        public Bucket Handshakes { get; } = handshakes;

        public Bucket Strangers { get; } = strangers;

        /// <summary>Whether a member came from there who has proved himself.</summary>
        public bool HasProven { get; set; }

        /// <summary>Members of it that were shut out, one after the other.</summary>
        public int Offences { get; set; }

        /// <summary>When the last one was.</summary>
        public long? Blamed { get; set; }

        public long Seen { get; set; }
    }
}
