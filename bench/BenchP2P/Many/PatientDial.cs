using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;

namespace P2PMiner.BenchP2P.Many;

/// <summary>Dials again after a failure: a process that is busy with the handshakes of many may need longer than a dialler waits.</summary>
internal static class PatientDial
{
    private const int Attempts = 5;

    /// <summary>After a failure the host leaves the address alone for a second, then for two, and so on.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    public static async Task<IPeerConnection> DialAsync(Host host, Multiaddr target, CancellationToken cancellation = default)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await host.DialAsync(target, cancellation);
            }
            catch (DialException) when (attempt < Attempts)
            {
                await Task.Delay(Pause, cancellation);
            }
        }
    }
}
