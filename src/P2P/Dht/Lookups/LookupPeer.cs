using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>A peer that a lookup has heard of; all its paths share what has become of it.</summary>
internal sealed class LookupPeer(PeerId peer, KadKey distance, IReadOnlyList<Multiaddr> addresses)
{
    /// <summary>Tellers remembered; one that is believed is enough.</summary>
    private const int MaxTellers = 4;

    /// <summary>So many peers in a row that do not answer make one believe that whoever named them invents peers.</summary>
    private const int MaxInvented = 4;

    private readonly List<LookupPeer> _tellers = [];
    private int _toldAnswered;
    private int _toldFailed;

    internal PeerId Peer { get; } = peer;

    /// <summary>How far it is from the target.</summary>
    internal KadKey Distance { get; } = distance;

    /// <summary>Where it is said to be.</summary>
    internal IReadOnlyList<Multiaddr> Addresses { get; } = addresses;

    internal LookupPeerState State { get; private set; }

    /// <summary>Whether it is worth asking: it comes from our own table, or somebody named it who has not only named dead peers.</summary>
    internal bool IsCredible =>
        _tellers.Count == 0 || _tellers.Exists(static teller => teller._toldAnswered > 0 || teller._toldFailed < MaxInvented);

    internal void ToldBy(LookupPeer teller)
    {
        if (_tellers.Count < MaxTellers)
            _tellers.Add(teller);
    }

    internal void Ask() => State = LookupPeerState.Asked;

    internal void Answer()
    {
        State = LookupPeerState.Answered;
        foreach (LookupPeer teller in _tellers)
            teller._toldAnswered++;
    }

    internal void Fail()
    {
        State = LookupPeerState.Failed;
        foreach (LookupPeer teller in _tellers)
            teller._toldFailed++;
    }
}
