using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Scoring;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Scoring;

public sealed class DeliveryScoresTests
{
    private const string Topic = "topic";

    private static readonly byte[] Id = [1, 2, 3];

    private readonly ManualTime _time = new();
    private readonly PeerScoreOptions _options = new()
    {
        Topics = new Dictionary<string, TopicScoreOptions> { [Topic] = new() { DeliveryWindow = TimeSpan.FromMilliseconds(10) } },
    };

    private ScoreBoard _board = null!;
    private DeliveryScores _deliveries = null!;

    [SetUp]
    public void SetUp()
    {
        _board = new ScoreBoard(_options, _time);
        _deliveries = new DeliveryScores(_board, _options, new PubSubLimits { MaxSeen = 10 }, TimeSpan.FromMinutes(2), _time);
    }

    [Test]
    public void Duplicate_DuringValidationIsADeliveryWhenTheMessageIsGood()
    {
        PeerStats first = Meshed(1);
        PeerStats second = Meshed(2);

        _deliveries.Duplicate(second, Id, Topic);
        _deliveries.Duplicate(second, Id, Topic);
        Assert.That(Deliveries(second), Is.Zero);
        _time.Advance(TimeSpan.FromSeconds(10));
        _deliveries.Deliver(first, Id, Topic);

        Assert.That(Deliveries(second), Is.EqualTo(1), "once, however often it came and however long it took");
        Assert.That(Deliveries(first), Is.EqualTo(1));
        Assert.That(First(first), Is.EqualTo(1));
        Assert.That(First(second), Is.Zero);
    }

    [Test]
    public void Duplicate_WithinTheWindowIsADeliveryAndAfterItNot()
    {
        PeerStats first = Meshed(1);
        PeerStats early = Meshed(2);
        PeerStats late = Meshed(3);
        _deliveries.Deliver(first, Id, Topic);

        _time.Advance(TimeSpan.FromMilliseconds(10));
        _deliveries.Duplicate(early, Id, Topic);
        _deliveries.Duplicate(early, Id, Topic);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _deliveries.Duplicate(late, Id, Topic);

        Assert.That(Deliveries(early), Is.EqualTo(1));
        Assert.That(Deliveries(late), Is.Zero);
    }

    [Test]
    public void Rejection_IsHeldAgainstAllSendersBeforeAndAfter()
    {
        PeerStats first = Meshed(1);
        PeerStats during = Meshed(2);
        PeerStats after = Meshed(3);

        _deliveries.Duplicate(during, Id, Topic);
        _deliveries.Reject(first, Id, Topic);
        _deliveries.Duplicate(after, Id, Topic);

        Assert.That(new[] { first, during, after }.Select(Invalid), Is.All.EqualTo(1));
    }

    [Test]
    public void Ignoring_IsHeldAgainstNobody()
    {
        PeerStats during = Meshed(1);
        PeerStats after = Meshed(2);

        _deliveries.Duplicate(during, Id, Topic);
        _deliveries.Ignore(Id, Topic);
        _deliveries.Duplicate(after, Id, Topic);

        Assert.That(Invalid(during) + Invalid(after) + Deliveries(during) + Deliveries(after), Is.Zero);
    }

    [Test]
    public void Records_AreBoundedInNumberAndTime()
    {
        PeerStats peer = Meshed(1);
        for (byte i = 0; i < 20; i++)
            _deliveries.Deliver(peer, [i], Topic);
        Assert.That(_deliveries.Count, Is.EqualTo(10));

        _time.Advance(TimeSpan.FromMinutes(2));
        _deliveries.Expire();

        Assert.That(_deliveries.Count, Is.Zero);
    }

    [Test]
    public void TopicsThatAreNotScored_LeaveNoRecords()
    {
        PeerStats peer = Meshed(1);

        _deliveries.Deliver(peer, Id, "other");
        _deliveries.Duplicate(peer, Id, "other");
        _deliveries.Reject(peer, [1], "other");
        _deliveries.Ignore([2], "other");

        Assert.That(_deliveries.Count, Is.Zero);
    }

    private PeerStats Meshed(byte number)
    {
        byte[] key = new byte[32];
        key[0] = number;
        PeerStats stats = _board.Connect(PeerId.FromEd25519(key), null);
        _board.TopicOf(stats, Topic)!.Graft(_time.GetTimestamp());
        return stats;
    }

    private double Deliveries(PeerStats stats) => _board.TopicOf(stats, Topic)!.MeshDeliveries;

    private double First(PeerStats stats) => _board.TopicOf(stats, Topic)!.FirstDeliveries;

    private double Invalid(PeerStats stats) => _board.TopicOf(stats, Topic)!.InvalidMessages;
}
