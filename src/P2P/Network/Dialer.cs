using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Network;

/// <summary>Brings about connections to peers and addresses: one dial per target however many ask for it, several addresses side by side.</summary>
/// <param name="options">Limits, transports and filters.</param>
/// <param name="establish">Does the handshakes on a raw connection and makes the result known; throws <see cref="IOException"/> if it may not stay.</param>
/// <param name="own">The addresses that we listen on.</param>
/// <param name="logger">For the log.</param>
/// <param name="stopping">Ends all dials.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "a semaphore whose wait handle is never asked for holds nothing to dispose of")]
internal sealed class Dialer(
    SwarmOptions options,
    Func<ITransportConnection, PeerId?, CancellationToken, Task<Connection>> establish,
    Func<IReadOnlyList<Multiaddr>> own,
    ILogger logger,
    CancellationToken stopping)
{
    /// <summary>Dials that may wait for their turn, as a multiple of those that may run.</summary>
    private const int MaxWaitingFactor = 8;

    private readonly ConnectionLimits _limits = options.Limits;
    private readonly DialBackoff _backoff = new(options.Limits, options.Time, options.Random);
    private readonly AddressResolver _resolver = new(options.NameFilter, options.Time);
    private readonly SharedWork<PeerId, Connection> _peers = new();
    private readonly SharedWork<Multiaddr, Connection> _addresses = new();
    private readonly SemaphoreSlim _slots = new(options.Limits.MaxDials);
    private int _waiting;

    internal DialBackoff Backoff => _backoff;

    /// <summary>Dials that are under way.</summary>
    internal int Count => _peers.Count + _addresses.Count;

    /// <summary>Dials a peer at its known addresses, those in back-off excepted.</summary>
    internal Task<Connection> DialPeerAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellation) =>
        _peers.RunAsync(peer, token => DialAsync(peer, addresses, respectBackoff: true, token), cancellation);

    /// <summary>Dials what the caller names, back-off or not.</summary>
    internal Task<Connection> DialAddressAsync(Multiaddr address, CancellationToken cancellation) =>
        _addresses.RunAsync(address, token => DialAsync(address.Peer, [address], respectBackoff: false, token), cancellation);

    private async Task<Connection> DialAsync(
        PeerId? peer, IReadOnlyList<Multiaddr> addresses, bool respectBackoff, CancellationToken cancellation)
    {
        string target = peer?.ToString() ?? addresses[0].ToString();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping);
        using Deadline deadline = new(_limits.DialTimeout, options.Time, ends.Token);
        try
        {
            IReadOnlyList<Multiaddr> usable = await ChooseAsync(peer, addresses, respectBackoff, deadline.Token).ConfigureAwait(false);
            using Slot slot = await EnterAsync(deadline.Token).ConfigureAwait(false);
            AddressRace<Connection> race = new(
                _limits, options.Time, (address, token) => TryAsync(peer ?? address.Peer, address, token), static loser => loser.Abort("another address was faster"));
            (Connection? winner, IReadOnlyList<string> failures) = await race.RunAsync(usable, deadline.Token).ConfigureAwait(false);
            return winner ?? throw new DialException($"no connection to {target}: {string.Join("; ", failures)}");
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            throw new DialException($"no connection to {target} within {_limits.DialTimeout.TotalSeconds} s", e);
        }
        catch (OperationCanceledException e) when (stopping.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new DialException($"no connection to {target}: the host stops", e);
        }
    }

    private async Task<IReadOnlyList<Multiaddr>> ChooseAsync(
        PeerId? peer, IReadOnlyList<Multiaddr> addresses, bool respectBackoff, CancellationToken cancellation)
    {
        IReadOnlyList<Multiaddr> resolved = await _resolver.ResolveAsync(addresses, peer, cancellation).ConfigureAwait(false);
        IReadOnlyList<Multiaddr> ours = own();
        Multiaddr[] dialable = [.. AddressOrder.Sort(resolved)
            .Where(address => options.Transports.Any(transport => transport.Handles(address)) && !ours.Contains(address.WithoutPeer()))];
        if (dialable.Length == 0)
            throw new DialException($"none of the addresses can be dialled from here: {string.Join(", ", addresses)}");
        Multiaddr[] allowed = [.. dialable.Where(address => options.DialFilter?.Invoke(address) ?? true)];
        if (allowed.Length == 0)
            throw new DialException($"addresses of this kind are not to be dialled: {string.Join<Multiaddr>(", ", dialable)}") { IsFiltered = true };
        Multiaddr[] rested = respectBackoff ? [.. allowed.Where(address => !_backoff.IsBlocked(peer, address))] : allowed;
        if (rested.Length == 0)
            throw new DialException($"all addresses failed a short time ago: {string.Join<Multiaddr>(", ", allowed)}");
        return [.. rested.Take(_limits.MaxAddressesPerDial)];
    }

    private async Task<Connection> TryAsync(PeerId? peer, Multiaddr address, CancellationToken cancellation)
    {
        using Deadline deadline = new(_limits.AddressTimeout, options.Time, cancellation);
        bool success = false;
        try
        {
            ITransport transport = options.Transports.First(candidate => candidate.Handles(address));
            ITransportConnection raw = await transport.DialAsync(address, deadline.Token).ConfigureAwait(false);
            Connection connection = await establish(raw, peer, deadline.Token).ConfigureAwait(false);
            success = true;
            _backoff.Succeeded(peer, address);
            return connection;
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            _backoff.Failed(peer, address);
            throw new IOException($"{address}: no answer within {_limits.AddressTimeout.TotalSeconds} s", e);
        }
        catch (IOException e)
        {
            _backoff.Failed(peer, address);
            NetworkLog.DialFailed(logger, address, e.Message);
            throw e.Message.StartsWith(address.ToString(), StringComparison.Ordinal) ? e : new IOException($"{address}: {e.Message}", e);
        }
        finally
        {
            NetworkMetrics.DialEnded(success);
        }
    }

    private async Task<Slot> EnterAsync(CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > _limits.MaxDials * MaxWaitingFactor)
        {
            Interlocked.Decrement(ref _waiting);
            throw new DialException("too many dials are waiting");
        }
        try
        {
            await _slots.WaitAsync(cancellation).ConfigureAwait(false);
            return new Slot(_slots);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
