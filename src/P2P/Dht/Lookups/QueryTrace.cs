using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>Counts what a query does and tells the caller. Requests run at the same time; what is told is told one after the other.</summary>
internal sealed class QueryTrace(Action<DhtEvent>? progress)
{
    private readonly Lock _lock = new();
    private readonly List<DhtError> _errors = [];
    private int _asked;
    private int _responses;

    internal DhtStats ToStats(string? ended, TimeSpan elapsed)
    {
        lock (_lock)
            return new DhtStats(_asked, _responses, [.. _errors], ended, elapsed);
    }

    internal void Dial(PeerId peer, int path) => Tell(new DhtEvent(DhtStep.DialPeer, path) { Peer = peer });

    internal void Ask(PeerId peer, DhtMessageType type, int path)
    {
        lock (_lock)
        {
            _asked++;
            progress?.Invoke(new DhtEvent(DhtStep.SendQuery, path) { Peer = peer, Message = type });
        }
    }

    internal void Answer(PeerId peer, DhtMessageType type, DhtMessage? answer, int path)
    {
        lock (_lock)
        {
            _responses++;
            progress?.Invoke(new DhtEvent(DhtStep.PeerResponse, path)
            {
                Peer = peer,
                Message = type,
                Closer = answer?.CloserPeers ?? [],
                Providers = answer?.ProviderPeers ?? [],
                Value = answer?.Record?.Value,
            });
        }
    }

    internal void Fail(PeerId peer, DhtMessageType type, string error, int path)
    {
        lock (_lock)
        {
            _errors.Add(new DhtError(peer, error));
            progress?.Invoke(new DhtEvent(DhtStep.QueryError, path) { Peer = peer, Message = type, Error = error });
        }
    }

    internal void Providers(PeerId from, IReadOnlyList<DhtPeer> providers) =>
        Tell(new DhtEvent(DhtStep.Provider) { Peer = from, Providers = providers });

    internal void Value(PeerId from, ReadOnlyMemory<byte> value) => Tell(new DhtEvent(DhtStep.Value) { Peer = from, Value = value });

    internal void Added(PeerId peer, int path) => Tell(new DhtEvent(DhtStep.AddPeer, path) { Peer = peer });

    internal void Final(PeerId peer) => Tell(new DhtEvent(DhtStep.FinalPeer) { Peer = peer });

    internal void PathEnded(int path) => Tell(new DhtEvent(DhtStep.PathEnded, path));

    private void Tell(DhtEvent step)
    {
        if (progress is null)
            return;
        lock (_lock)
            progress(step);
    }
}
