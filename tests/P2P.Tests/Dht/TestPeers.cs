using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Dht;

/// <summary>Peer ids that follow from a number.</summary>
internal static class TestPeers
{
    internal static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }

    /// <summary>Peers that share exactly so many leading bits with another.</summary>
    internal static IEnumerable<PeerId> Sharing(PeerId with, int prefixLength) =>
        Enumerable.Range(1_000_000, int.MaxValue - 1_000_000)
            .Select(Peer)
            .Where(peer => KadKey.Of(peer).CommonPrefixLength(KadKey.Of(with)) == prefixLength);
}
