using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>
/// The members of the cluster that this node was connected with, kept between runs in a text file: a multiaddr with the
/// peer's id on each line, those of the last run first.
/// </summary>
/// <param name="path">The file; need not exist.</param>
/// <param name="logger">Told when it cannot be read or written; the node goes on without.</param>
internal sealed class KnownPeers(string path, ILogger logger)
{
    /// <summary>Peers that are kept.</summary>
    public const int MaxPeers = 128;

    /// <summary>Addresses that are kept of each.</summary>
    public const int MaxAddresses = 4;

    /// <summary>In bytes; the file of the most and longest peers in use is far smaller.</summary>
    private const int MaxFileSize = 256 * 1024;

    private readonly List<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> _peers = [];
    private string _saved = "";

    /// <summary>Those of the file, and those of this run as they were saved last.</summary>
    public IReadOnlyList<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> All => [.. _peers];

    /// <summary>Reads the file; lines that are no addresses are passed over.</summary>
    public IReadOnlyList<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> Load()
    {
        try
        {
            if (!File.Exists(path))
                return [];
            if (new FileInfo(path).Length > MaxFileSize)
                throw new IOException("it is too long");
            _saved = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("Known peers cannot be read from {Path}: {Reason}", path, error.Message);
            return [];
        }
        _peers.AddRange(Parse(_saved));
        return [.. _peers];
    }

    /// <summary>Puts the peers connected now to the front, and saves when anything changed.</summary>
    public void Save(IEnumerable<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> connected)
    {
        (PeerId Peer, IReadOnlyList<Multiaddr> Addresses)[] usable = [.. connected.Where(peer => peer.Addresses.Count > 0).OrderBy(peer => peer.Peer.ToString(), StringComparer.Ordinal)];
        _peers.RemoveAll(known => usable.Any(peer => peer.Peer.Equals(known.Peer)));
        _peers.InsertRange(0, usable);
        if (_peers.Count > MaxPeers)
            _peers.RemoveRange(MaxPeers, _peers.Count - MaxPeers);
        string text = string.Concat(_peers.SelectMany(
            peer => peer.Addresses.Take(MaxAddresses).Select(address => $"{address.WithPeer(peer.Peer)}\n")));
        if (text == _saved)
            return;
        try
        {
            string temporary = path + ".new";
            File.WriteAllText(temporary, text);
            File.Move(temporary, path, overwrite: true);
            _saved = text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("Known peers cannot be written to {Path}: {Reason}", path, error.Message);
        }
    }

    internal static IEnumerable<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> Parse(string text) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(line => Multiaddr.TryParse(line, out Multiaddr? address) && address is { IsTcp: true, Peer: not null } ? address : null)
        .OfType<Multiaddr>()
        .GroupBy(address => address.Peer!)
        .Take(MaxPeers)
        .Select(group => (group.Key, (IReadOnlyList<Multiaddr>)[.. group.Take(MaxAddresses).Select(address => address.WithoutPeer())]));
}
