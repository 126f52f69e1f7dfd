using System.Net;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Network;

/// <summary>Decides by its address alone whether a connection that somebody made to us is worth a handshake.</summary>
/// <remarks>
/// Per remote host: a token bucket for the rate, handshakes under way, connections held. In total: handshakes under way. A host is
/// remembered while it has either or its bucket is not full, and some minutes longer; at most <see cref="MaxHosts"/> of them: beyond that,
/// idle ones are forgotten at once.
/// </remarks>
internal sealed class InboundGate(ConnectionLimits limits, TimeProvider time)
{
    internal const int MaxHosts = 4096;

    /// <summary>Between two looks for hosts that are idle.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    /// <summary>In so long an empty bucket is full again.</summary>
    private static readonly TimeSpan RefillTime = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, HostState> _hosts = [];
    private long _swept = time.GetTimestamp();
    private int _pending;

    internal int Pending => Volatile.Read(ref _pending);

    internal int Hosts
    {
        get
        {
            lock (_lock)
                return _hosts.Count;
        }
    }

    /// <returns>A pass to be disposed when the connection ends, or null with the reason for the refusal.</returns>
    internal Pass? TryEnter(IPAddress? remote, out string reason)
    {
        lock (_lock)
        {
            reason = "";
            if (_pending >= limits.MaxPendingInbound)
                reason = "too many handshakes under way";
            IPAddress? host = IsLimited(remote) ? IpAddresses.Host(remote!) : null;
            HostState? state = reason.Length == 0 && host is not null ? StateOf(host) : null;
            if (state is not null)
                reason = Refusal(state);
            if (reason.Length > 0)
                return null;
            if (state is not null)
            {
                state.Tokens--;
                state.Pending++;
            }
            _pending++;
            return new Pass(this, state);
        }
    }

    private bool IsLimited(IPAddress? remote) =>
        remote is not null && (limits.LimitLoopback || IpAddresses.Scope(remote) != IpScope.Loopback);

    private string Refusal(HostState state)
    {
        if (state.Pending >= limits.MaxPendingInboundPerHost)
            return "too many handshakes under way with this host";
        if (state.Pending + state.Open >= limits.MaxInboundPerHost)
            return "too many connections from this host";
        return state.Tokens < 1 ? "too many connections per second from this host" : "";
    }

    private HostState StateOf(IPAddress host)
    {
        long now = time.GetTimestamp();
        if (!_hosts.TryGetValue(host, out HostState? state))
        {
            if (time.GetElapsedTime(_swept, now) >= SweepInterval)
                Sweep(now);
            if (_hosts.Count >= MaxHosts)
                ForgetIdle();
            state = new HostState { Tokens = limits.InboundRatePerHost, Refilled = now };
            _hosts[host] = state;
        }
        double earned = time.GetElapsedTime(state.Refilled, now).TotalSeconds * limits.InboundRatePerHost;
        state.Tokens = Math.Min(limits.InboundRatePerHost, state.Tokens + earned);
        state.Refilled = now;
        return state;
    }

    private void Sweep(long now)
    {
        _swept = now;
        foreach ((IPAddress host, HostState state) in _hosts)
        {
            if (state is { Pending: 0, Open: 0 } && time.GetElapsedTime(state.Refilled, now) >= RefillTime)
                _hosts.Remove(host);
        }
    }

    private void ForgetIdle()
    {
        foreach ((IPAddress host, HostState state) in _hosts)
        {
            if (state is { Pending: 0, Open: 0 })
                _hosts.Remove(host);
        }
    }

    internal sealed class HostState
    {
        internal int Pending;
        internal int Open;
        internal double Tokens;
        internal long Refilled;
    }

    /// <summary>One connection that was let in.</summary>
    internal sealed class Pass(InboundGate gate, HostState? state) : IDisposable
    {
        private Stage _stage = Stage.Pending;

        private enum Stage
        {
            Pending,
            Open,
            Ended,
        }

        /// <summary>The handshake is done: the connection counts as an open one from here on.</summary>
        internal void Opened() => MoveTo(Stage.Open);

        public void Dispose() => MoveTo(Stage.Ended);

        private void MoveTo(Stage next)
        {
            lock (gate._lock)
            {
                if (next <= _stage)
                    return;
                Count(_stage, -1);
                Count(next, 1);
                _stage = next;
            }
        }

        private void Count(Stage stage, int change)
        {
            if (stage == Stage.Pending)
            {
                gate._pending += change;
                if (state is not null)
                    state.Pending += change;
            }
            else if (stage == Stage.Open && state is not null)
            {
                state.Open += change;
            }
        }
    }
}
