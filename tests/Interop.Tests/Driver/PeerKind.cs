namespace P2PMiner.Interop.Tests.Driver;

/// <summary>Whose libp2p a scripted peer runs.</summary>
public enum PeerKind
{
    /// <summary>p2p-peer, over src/P2P.</summary>
    Ours,

    /// <summary>tests/interop/peer.mjs, over js-libp2p.</summary>
    Js,
}
