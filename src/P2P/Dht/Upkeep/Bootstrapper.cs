using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// Finds first contacts: those of the last run, and the bootstrap addresses, at the start and whenever the table is empty, at growing
/// intervals.
/// </summary>
internal sealed class Bootstrapper(
    IDhtNetwork network, RoutingTable table, ContactChecker checker, DhtOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>How long the addresses of the last run are remembered if the peers do not answer.</summary>
    private static readonly TimeSpan SavedLifetime = TimeSpan.FromHours(1);

    internal async Task RunAsync(IReadOnlyList<DhtPeer> saved, CancellationToken cancellation)
    {
        foreach (DhtPeer peer in saved)
            network.Learn(peer.Peer, AddressFilter.Within(options.AddressScope, peer.Addresses, peer.Peer, TableFile.MaxAddresses), SavedLifetime);
        await Task.WhenAll(ReviveAsync(saved, cancellation), KeepContactAsync(saved, cancellation)).ConfigureAwait(false);
    }

    private async Task ReviveAsync(IReadOnlyList<DhtPeer> saved, CancellationToken cancellation)
    {
        ParallelOptions limits = new() { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellation };
        await Parallel.ForEachAsync(
            saved,
            limits,
            async (peer, token) => await checker.AskAsync(peer.Peer, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task KeepContactAsync(IReadOnlyList<DhtPeer> saved, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.WhenAll(options.Bootstrap.Select(address => DialAsync(address, cancellation))).ConfigureAwait(false);
            for (TimeSpan pause = FirstPause; !await TableWatch.HasContactAsync(table, pause, time, cancellation).ConfigureAwait(false);)
            {
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                await Task.WhenAll(options.Bootstrap.Select(address => DialAsync(address, cancellation))).ConfigureAwait(false);
                await ReviveAsync(saved, cancellation).ConfigureAwait(false);
            }
            await TableWatch.UntilEmptyAsync(table, cancellation).ConfigureAwait(false);
        }
    }

    private async Task DialAsync(Multiaddr address, CancellationToken cancellation)
    {
        try
        {
            await network.ConnectAsync(address, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            DhtLog.BootstrapFailed(logger, address.ToString(), error.Message);
        }
    }
}
