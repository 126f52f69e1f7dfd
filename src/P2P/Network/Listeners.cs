using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Transport;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>The addresses that are listened on, and the loops that accept what comes there.</summary>
/// <param name="transports">The first that understands an address takes it.</param>
/// <param name="accepted">Gets each raw connection and says whether it was let in; must return at once.</param>
/// <param name="addressesChanged">Is told that the machine's interfaces, and so the addresses behind a wildcard, changed.</param>
/// <param name="died">Is told what ended a loop that should have gone on.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">For the log.</param>
internal sealed class Listeners(
    IReadOnlyList<ITransport> transports,
    Func<ITransportConnection, bool> accepted,
    Action addressesChanged,
    Action<Exception> died,
    TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    /// <summary>
    /// Pause after an accept that failed: the system may be out of descriptors or buffers, its network down, or a filter in the way
    /// (accept(2), "Error handling").
    /// </summary>
    internal static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// After so many failures in a row, a minute of them, nothing is left to hope for. A lack of descriptors or buffers does not count: it
    /// ends when connections do.
    /// </summary>
    internal const int MaxFailuresInARow = 300;

    /// <summary>
    /// Connections to one listening address that are refused at once and per second; those beyond wait, and the system refuses what comes behind them.
    /// To accept one and to end it takes a few tenths of a millisecond.
    /// </summary>
    private const int RefusalsAtOnce = 100, RefusalsPerSecond = 50;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<ITransportListener> _listeners = [];
    private readonly List<Task> _loops = [];
    private volatile IReadOnlyList<Multiaddr> _addresses = [];

    /// <summary>Where others find us, without /p2p.</summary>
    internal IReadOnlyList<Multiaddr> Addresses => _addresses;

    /// <exception cref="IOException">One of the addresses cannot be listened on.</exception>
    internal async Task BindAsync(IEnumerable<Multiaddr> addresses, CancellationToken cancellation)
    {
        foreach (Multiaddr address in addresses)
        {
            ITransport transport = transports.FirstOrDefault(candidate => candidate.Handles(address))
                ?? throw new IOException($"cannot listen on {address}: no transport for such an address");
            _listeners.Add(await transport.ListenAsync(address, cancellation).ConfigureAwait(false));
        }
        Resolve();
        NetworkChange.NetworkAddressChanged += OnInterfacesChanged;
    }

    /// <summary>Lets connections in.</summary>
    internal void Start()
    {
        foreach (ITransportListener listener in _listeners)
        {
            NetworkLog.Listening(logger, listener.Address);
            _loops.Add(Task.Run(() => AcceptAsync(listener)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        NetworkChange.NetworkAddressChanged -= OnInterfacesChanged;
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (ITransportListener listener in _listeners)
            await listener.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync(ITransportListener listener)
    {
        TokenBucket refusals = new(RefusalsAtOnce, RefusalsPerSecond, time);
        int failures = 0;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                (ITransportConnection? connection, failures) = await AcceptOneAsync(listener, failures).ConfigureAwait(false);
                if (connection is not null)
                {
                    if (!accepted(connection) && !refusals.TryTake())
                        await Task.Delay(refusals.Debt(), time, _stop.Token).ConfigureAwait(false);
                }
                else if (!_stop.IsCancellationRequested)
                    await Task.Delay(AcceptPause, time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
#pragma warning disable CA1031 // A host that no longer accepts must not look like one that does.
        catch (Exception e)
#pragma warning restore CA1031
        {
            died(e);
        }
    }

    private async Task<(ITransportConnection? Connection, int Failures)> AcceptOneAsync(ITransportListener listener, int failures)
    {
        try
        {
            return (await listener.AcceptAsync(_stop.Token).ConfigureAwait(false), 0);
        }
        catch (SocketException e) when (IsShortage(e.SocketErrorCode) || failures < MaxFailuresInARow)
        {
            NetworkLog.AcceptPaused(logger, listener.Address, e.Message);
            return (null, IsShortage(e.SocketErrorCode) ? failures : failures + 1);
        }
    }

    private static bool IsShortage(SocketError error) =>
        error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    private void OnInterfacesChanged(object? sender, EventArgs e)
    {
        if (Resolve())
            addressesChanged();
    }

    /// <returns>True if the addresses are others than before.</returns>
    private bool Resolve()
    {
        IReadOnlyList<Multiaddr> resolved = ListenAddressResolver.Resolve(_listeners.Select(static listener => listener.Address), OwnAddresses);
        bool changed = !resolved.SequenceEqual(_addresses);
        _addresses = resolved;
        return changed;
    }

    private static IReadOnlyList<IPAddress> OwnAddresses()
    {
        try
        {
            return ListenAddressResolver.OwnAddresses();
        }
        catch (NetworkInformationException)
        {
            // The interfaces cannot be asked here, as in some sandboxes: then only loopback is known to exist.
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        }
    }
}
