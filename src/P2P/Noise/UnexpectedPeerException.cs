using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Noise;

/// <summary>The remote proved to be another peer than the one that was dialled.</summary>
internal sealed class UnexpectedPeerException(PeerId expected, PeerId actual)
    : IOException($"expected peer {expected}, but {actual} answered")
{
    internal PeerId Expected { get; } = expected;

    internal PeerId Actual { get; } = actual;
}
