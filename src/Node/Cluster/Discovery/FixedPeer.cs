using Microsoft.Extensions.Logging;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>An address of <c>--connect</c>: dialled until it answers, and again whenever the connection is lost, for ever.</summary>
/// <param name="host">Dials.</param>
/// <param name="address">With or without the peer's id.</param>
/// <param name="time">Paces the attempts.</param>
/// <param name="logger">Told when the state changes, not of every attempt.</param>
internal sealed class FixedPeer(Host host, Multiaddr address, TimeProvider time, ILogger logger)
{
    /// <summary>Between the first attempts; then twice as long each time.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between attempts.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private const string Filtered = "filtered";

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        TimeSpan pause = FirstPause;
        string? problem = null;
        while (true)
        {
            try
            {
                IPeerConnection connection = await host.DialAsync(address, cancellation);
                logger.LogInformation("Connected to {Address}, peer {Peer}", address.WithoutPeer(), connection.RemotePeer);
                (pause, problem) = (FirstPause, null);
                await WaitForLossAsync(connection, cancellation);
                logger.LogInformation("The connection to {Address} is lost: trying again", address.WithoutPeer());
            }
            catch (DialException error) when (error.IsFiltered)
            {
                if (problem != Filtered)
                {
                    logger.LogWarning(
                        "{Address} leads beyond the local network, where a cluster without a key does not go: make a key with p2p-miner cluster new FILE, bring it to all nodes, and start them with --cluster-key FILE",
                        address.WithoutPeer());
                }
                problem = Filtered;
            }
            catch (Exception error) when (error is IOException or TimeoutException)
            {
                if (problem is null)
                    logger.LogWarning("No connection to {Address} yet, trying on: {Reason}", address.WithoutPeer(), error.Message);
                problem = error.Message;
            }
            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    /// <summary>Another connection with the same peer serves as well: two that dial each other keep one of two.</summary>
    private async Task WaitForLossAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        IPeerConnection? current = connection;
        while (current is not null)
        {
            TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (current.Closed.Register(closed.SetResult))
                await closed.Task.WaitAsync(cancellation);
            current = host.Network.FindConnection(connection.RemotePeer);
        }
    }
}
