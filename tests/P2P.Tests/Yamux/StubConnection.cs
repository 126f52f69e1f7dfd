using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Stands where a session wants its connection.</summary>
internal sealed class StubConnection : IPeerConnection
{
    public PeerId RemotePeer { get; } = Ed25519KeyPair.FromSeed(new byte[Ed25519KeyPair.SeedSize]).ToPublicKey().ToPeerId();

    public PublicKey RemoteKey => throw new NotSupportedException();

    public Multiaddr RemoteAddress => throw new NotSupportedException();

    public Multiaddr LocalAddress => throw new NotSupportedException();

    public Direction Direction => throw new NotSupportedException();

    public string Security => "/noise";

    public string Multiplexer => "/yamux/1.0.0";

    public bool EarlyMultiplexer => true;

    public IReadOnlyList<string> RemoteMultiplexers => [];

    public DateTimeOffset Opened => default;

    public int StreamCount => 0;

    public TimeSpan? RoundTrip => null;

    public CancellationToken Closed => CancellationToken.None;

    public ValueTask<PeerStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public ValueTask CloseAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public void Abort(string reason) => throw new NotSupportedException();
}
