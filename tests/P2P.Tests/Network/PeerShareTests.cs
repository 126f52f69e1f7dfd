using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Network;

public sealed class PeerShareTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Streams_AreCountedPerDirection()
    {
        PeerShare share = NewShare(new ConnectionLimits { MaxStreamsPerPeer = 3 }, new StreamBudget(1000, 1));

        Assert.That(Take(share, 5, Direction.Inbound), Is.EqualTo(3));
        Assert.That(Take(share, 5, Direction.Outbound), Is.EqualTo(3));
        share.Return(Direction.Inbound);
        Assert.That(Take(share, 5, Direction.Outbound), Is.Zero);
        Assert.That(Take(share, 5, Direction.Inbound), Is.EqualTo(1));
    }

    [Test]
    public void OnePeer_MayOpenHalfAsManyAgainAsOneConnection() =>
        Assert.That(new ConnectionLimits { MaxStreamsPerConnection = 10 }.StreamsPerPeer, Is.EqualTo(15));

    [Test]
    public void GreedyPeers_LeaveTheOthersTheirPart()
    {
        const int Total = 40;
        StreamBudget streams = new(Total, peers: 4);
        PeerShare[] peers = [.. Enumerable.Range(0, 4).Select(_ => NewShare(new ConnectionLimits(), streams))];

        Assert.That(Take(peers[0], 100, Direction.Inbound), Is.EqualTo(25));
        Assert.That(peers[1..].Select(peer => Take(peer, 100, Direction.Inbound)), Is.All.EqualTo(5));
        Assert.That(streams.Used, Is.EqualTo(Total));
        for (int i = 0; i < 25; i++)
            peers[0].Return(Direction.Inbound);
        Assert.That(Take(peers[1], 100, Direction.Outbound), Is.EqualTo(20));
        Assert.That(streams.Used, Is.EqualTo(Total - 5));
    }

    [Test]
    public void Memory_IsLimitedForAllConnectionsOfAPeerAndForAllPeers()
    {
        const long Own = ConnectionMemory.OwnShare;
        MemoryBudget all = new(1500);
        PeerShare first = NewShare(new ConnectionLimits { MaxStreamMemoryPerPeer = 1000 }, new StreamBudget(10, 1), all);
        PeerShare second = NewShare(new ConnectionLimits { MaxStreamMemoryPerPeer = 1000 }, new StreamBudget(10, 1), all);
        ConnectionMemory[] connections = [.. new[] { first, first, second }.Select(share =>
        {
            ConnectionMemory memory = new(10 * Own);
            memory.Share(share.Memory);
            return memory;
        })];

        Assert.That(connections[0].TryReserve(Own + 600), Is.True);
        Assert.That(connections[1].TryReserve(Own + 401), Is.False, "beyond what one peer may take");
        Assert.That(connections[1].TryReserve(Own + 400), Is.True);
        Assert.That(connections[2].TryReserve(Own + 501), Is.False, "beyond what all may take");
        Assert.That(connections[2].TryReserve(Own + 500), Is.True);
        connections[0].Close();
        Assert.That((first.Memory.Used, second.Memory.Used, all.Used), Is.EqualTo((400, 500, 900)));
    }

    [Test]
    public void Patience_ComesBackWithTime()
    {
        PeerShare share = NewShare(new ConnectionLimits(), new StreamBudget(10, 1));

        Assert.That(Enumerable.Range(0, PeerShare.SilentAtOnce).Select(_ => share.BearsSilence()), Is.All.True);
        Assert.That(share.BearsSilence(), Is.False);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(share.BearsSilence(), Is.True);
    }

    private PeerShare NewShare(ConnectionLimits limits, StreamBudget streams, MemoryBudget? memory = null) =>
        new(limits, streams, memory ?? new MemoryBudget(1000), _time);

    private static int Take(PeerShare share, int count, Direction direction) =>
        Enumerable.Range(0, count).Count(_ => share.TryTake(direction));
}
