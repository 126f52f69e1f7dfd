using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>Tests on one connection between js-libp2p and ours.</summary>
internal abstract class PairTests(PeerKind dialerKind, PeerKind listenerKind) : PeerTests
{
    protected ScriptedPeer Dialer { get; private set; } = null!;

    protected ScriptedPeer Listener { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task ConnectAsync()
    {
        Dialer = await StartForAllAsync(dialerKind, "dialer");
        Listener = await StartForAllAsync(listenerKind, "listener");
        await DialAsync(Dialer, Listener);
        await Dialer.WaitAsync("identify", e => e.Text("remotePeer") == Listener.Id);
        await Listener.WaitAsync("identify", e => e.Text("remotePeer") == Dialer.Id);
    }

    /// <summary>The side that acts, and the other.</summary>
    protected (ScriptedPeer From, ScriptedPeer To) Sides(bool dialerActs) => dialerActs ? (Dialer, Listener) : (Listener, Dialer);
}
