using Google.Protobuf;
using NSubstitute;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>How many pages of the share chain are given. Streams answer within the call, so that the clock alone decides what comes.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ChainRateTests : IDisposable
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly ChainServer _server;
    private readonly HashSet<PeerId> _strangers = [];
    private readonly CancellationTokenSource _stop = new();

    public ChainRateTests()
    {
        TestChain.Grow(_tree, 3);
        _server = new ChainServer(_tree, peer => !_strangers.Contains(peer), _time);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    [Test]
    public void Peer_GetsFortyPagesAtOnce_ThenFourASecond()
    {
        Asker asker = Ask(Peer(1), 1000);
        Assert.That(asker.Pages, Is.EqualTo(40));
        Pass(TimeSpan.FromSeconds(1));
        Assert.That(asker.Pages, Is.EqualTo(44));
        Pass(TimeSpan.FromSeconds(9));
        Assert.That(asker.Pages, Is.EqualTo(80));
    }

    [Test]
    public void Peer_GetsNoMore_OnManyStreams()
    {
        Asker[] streams = [.. Enumerable.Range(0, 4).Select(_ => Ask(Peer(1), 100))];
        Pass(TimeSpan.FromSeconds(5));
        Assert.That(streams.Sum(stream => stream.Pages), Is.EqualTo(40 + 5 * 4));
        Assert.That(Ask(Peer(2), 10).Pages, Is.EqualTo(10), "another one");
    }

    [Test]
    public void AllPeersTogether_GetFourHundredPagesAtOnce_ThenTwentyASecond()
    {
        Asker[] peers = [.. Enumerable.Range(1, 15).Select(number => Ask(Peer(number), 1000))];
        Assert.That(peers.Sum(peer => peer.Pages), Is.EqualTo(400));
        Pass(TimeSpan.FromSeconds(10));
        Assert.That(peers.Sum(peer => peer.Pages), Is.EqualTo(400 + 10 * 20));
    }

    [Test]
    public void StrangersTogether_GetHalfOfThat_AndLeaveTheRestToMembersWhoHaveProvedThemselves()
    {
        _strangers.UnionWith(Enumerable.Range(1, 15).Select(Peer));
        Asker[] strangers = [.. _strangers.Select(peer => Ask(peer, 1000))];
        Assert.That(strangers.Sum(peer => peer.Pages), Is.EqualTo(200));
        Assert.That(Ask(Peer(16), 100).Pages, Is.EqualTo(40));
        Pass(TimeSpan.FromSeconds(10));
        Assert.That(strangers.Sum(peer => peer.Pages), Is.EqualTo(200 + 10 * 10));
    }

    private Asker Ask(PeerId peer, int times)
    {
        Asker asker = new(peer, times);
        _ = _server.ServeAsync(asker, _stop.Token);
        return asker;
    }

    /// <summary>In steps that are shorter than the server's looks.</summary>
    private void Pass(TimeSpan span)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(50);
        for (TimeSpan passed = TimeSpan.Zero; passed < span; passed += step)
            _time.Advance(step);
    }

    private static PeerId Peer(int number) => PeerId.FromEd25519([(byte)number, .. new byte[31]]);

    /// <summary>A stream on which a peer asks for a link again and again, and waits for more after that.</summary>
    private sealed class Asker : PeerStream
    {
        private readonly MemoryStream _requests = new();

        public Asker(PeerId peer, int times)
        {
            Connection = Substitute.For<IPeerConnection>();
            Connection.RemotePeer.Returns(peer);
            for (int i = 0; i < times; i++)
                new ChainRequest { AtHeight = new AtHeight { Height = 2, Count = 1 } }.WriteDelimitedTo(_requests);
            _requests.Position = 0;
        }

        public int Pages { get; private set; }

        public override IPeerConnection Connection { get; }

        public override Direction Direction => Direction.Inbound;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_requests.Position == _requests.Length)
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return _requests.Read(buffer.Span);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using MemoryStream page = new(buffer.ToArray());
            Assert.That(ChainProtocol.Read(ChainPage.Parser.ParseDelimitedFrom(page)).Single().Header.Height, Is.EqualTo(2));
            Pages++;
            return ValueTask.CompletedTask;
        }

        public override ValueTask CloseWriteAsync(CancellationToken cancellation = default) => ValueTask.CompletedTask;

        public override void Reset()
        {
        }
    }
}
