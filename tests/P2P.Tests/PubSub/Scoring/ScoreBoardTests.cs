using System.Net;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Scoring;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Scoring;

/// <summary>The formulas of libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "The Score Function" and "Topic Parameter Calculation and Decay".</summary>
public sealed class ScoreBoardTests
{
    private const string Topic = "topic";

    /// <summary>Weights and decays that are easy to reckon with.</summary>
    private static readonly TopicScoreOptions Plain = new()
    {
        Weight = 0.5,
        TimeInMeshWeight = 2,
        TimeInMeshQuantum = TimeSpan.FromSeconds(1),
        TimeInMeshCap = 10,
        FirstDeliveryWeight = 3,
        FirstDeliveryDecay = 0.5,
        FirstDeliveryCap = 4,
        DeliveryWeight = -1,
        DeliveryDecay = 0.5,
        DeliveryCap = 8,
        DeliveryThreshold = 5,
        DeliveryActivation = TimeSpan.FromSeconds(5),
        DeliveryWindow = TimeSpan.FromMilliseconds(10),
        FailureWeight = -2,
        FailureDecay = 0.5,
        InvalidWeight = -4,
        InvalidDecay = 0.5,
    };

    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");

    private readonly ManualTime _time = new();

    [Test]
    public void P1_IsTimeInMeshByQuantumUpToItsCap()
    {
        ScoreBoard board = Board(Plain with { DeliveryWeight = 0, FailureWeight = 0 });
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        board.TopicOf(stats, Topic)!.Graft(_time.GetTimestamp());

        Pass(board, 4);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * 2 * 4));
        Pass(board, 20);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * 2 * 10));
        board.TopicOf(stats, Topic)!.Prune();
        Assert.That(board.Score(peer), Is.Zero);
    }

    [Test]
    public void P2_CountsFirstDeliveriesUpToItsCapAndDecays()
    {
        ScoreBoard board = Board(Plain);
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        TopicStats topic = board.TopicOf(stats, Topic)!;

        topic.CountFirstDelivery();
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * 3 * 1));
        for (int i = 0; i < 9; i++)
            topic.CountFirstDelivery();
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * 3 * 4));
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * 3 * 2));
        Pass(board, 10);
        Assert.That(board.Score(peer), Is.Zero, "below DecayToZero");
    }

    [Test]
    public void P3_IsTheSquareOfTheDeficitOnceActive()
    {
        ScoreBoard board = Board(Plain with { TimeInMeshWeight = 0 });
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        TopicStats topic = board.TopicOf(stats, Topic)!;
        topic.Graft(_time.GetTimestamp());

        Pass(board, 5);
        Assert.That(board.Score(peer), Is.Zero, "not yet active");
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -25));
        for (int i = 0; i < 3; i++)
            topic.CountMeshDelivery();
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -4));
        for (int i = 0; i < 9; i++)
            topic.CountMeshDelivery();
        Assert.That(board.Score(peer), Is.Zero, "above the threshold");
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -1), "8, the cap, has decayed to 4");
    }

    [Test]
    public void P3b_KeepsTheDeficitOfThoseThatArePruned()
    {
        ScoreBoard board = Board(Plain with { TimeInMeshWeight = 0 });
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        TopicStats topic = board.TopicOf(stats, Topic)!;
        topic.Graft(_time.GetTimestamp());
        Pass(board, 6);

        topic.Prune();
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -2 * 25));
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -2 * 12.5));
        topic.Graft(_time.GetTimestamp());
        topic.Prune();
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -2 * 12.5), "not active again");
    }

    [Test]
    public void P4_IsTheSquareOfInvalidMessages()
    {
        ScoreBoard board = Board(Plain);
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        for (int i = 0; i < 4; i++)
            board.TopicOf(stats, Topic)!.CountInvalid();

        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -4 * 16));
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -4 * 4));
    }

    [Test]
    public void TopicCap_LimitsWhatTopicsAddButNotWhatTheyTake()
    {
        ScoreBoard board = Board(Plain with { FirstDeliveryCap = 100 });
        (PeerId good, PeerStats goodStats) = Connect(board, 1);
        (PeerId bad, PeerStats badStats) = Connect(board, 2);
        for (int i = 0; i < 100; i++)
        {
            board.TopicOf(goodStats, Topic)!.CountFirstDelivery();
            board.TopicOf(badStats, Topic)!.CountInvalid();
        }

        Assert.That(board.Score(good), Is.EqualTo(10));
        Assert.That(board.Score(bad), Is.EqualTo(0.5 * -4 * 10000));
    }

    [Test]
    public void Topic_ThatIsNotConfiguredDoesNotCount()
    {
        ScoreBoard board = Board(Plain);
        (_, PeerStats stats) = Connect(board, 1);

        Assert.That(board.TopicOf(stats, "other"), Is.Null);
    }

    [Test]
    public void P5_IsWhatTheApplicationSays()
    {
        ScoreBoard board = new(new PeerScoreOptions { Application = _ => -2.5, ApplicationWeight = 10 }, _time);
        (PeerId peer, _) = Connect(board, 1);

        Assert.That(board.Score(peer), Is.EqualTo(-25));
    }

    [TestCase(10, 0)]
    [TestCase(11, -5)]
    [TestCase(14, -80)]
    public void P6_IsTheSquareOfTheSurplusOfOneAddress(int peers, double score)
    {
        ScoreBoard board = Board(Plain);
        PeerId[] ids = [.. Enumerable.Range(0, peers).Select(number => Connect(board, number, Address).Peer)];
        (PeerId elsewhere, _) = Connect(board, 100, IPAddress.Parse("192.0.2.2"));

        Assert.That(ids.Select(board.Score), Is.All.EqualTo(score));
        Assert.That(board.Score(elsewhere), Is.Zero);
        board.Disconnect(ids[0]);
        board.Disconnect(ids[1]);
        Assert.That(board.Score(ids[2]), Is.GreaterThanOrEqualTo(score));
    }

    [Test]
    public void P6_CountsTheNetworkOfAnIPv6Host()
    {
        ScoreBoard board = Board(Plain);
        for (int i = 0; i < 12; i++)
            Connect(board, i, IPAddress.Parse($"2001:db8::{i + 1:x}"));
        (PeerId elsewhere, _) = Connect(board, 100, IPAddress.Parse("2001:db8:0:1::1"));

        Assert.That(board.Score(Peer(0)), Is.EqualTo(-5 * 4));
        Assert.That(board.Score(elsewhere), Is.Zero);
    }

    [Test]
    public void P6_SparesLoopbackUnlessToldOtherwise()
    {
        ScoreBoard lenient = Board(Plain);
        ScoreBoard strict = new(new PeerScoreOptions { IsColocationExempt = static _ => false }, _time);
        for (int i = 0; i < 12; i++)
        {
            Connect(lenient, i, IPAddress.Loopback);
            Connect(strict, i, IPAddress.Loopback);
        }

        Assert.That(lenient.Score(Peer(0)), Is.Zero);
        Assert.That(strict.Score(Peer(0)), Is.EqualTo(-20));
    }

    [Test]
    public void P7_IsTheSquareOfThePenaltyAndDecays()
    {
        ScoreBoard board = Board(Plain);
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        stats.BehaviourPenalty = 3;

        Assert.That(board.Score(peer), Is.EqualTo(-90));
        Pass(board, 1);
        Assert.That(board.Score(peer), Is.EqualTo(-10 * 0.6 * 0.6).Within(1e-9));
        Pass(board, 3);
        Assert.That(board.Score(peer), Is.Zero);
    }

    [Test]
    public void P7_BelowItsThresholdIsTolerated()
    {
        ScoreBoard board = new(new PeerScoreOptions { BehaviourThreshold = 6 }, _time);
        (PeerId peer, PeerStats stats) = Connect(board, 1);

        stats.BehaviourPenalty = 6;
        Assert.That(board.Score(peer), Is.Zero);
        stats.BehaviourPenalty = 8;
        Assert.That(board.Score(peer), Is.EqualTo(-40));
    }

    [Test]
    public void BadScore_OutlivesTheConnectionWithoutDecayAndGoodOneDoesNot()
    {
        ScoreBoard board = Board(Plain);
        (PeerId bad, PeerStats badStats) = Connect(board, 1);
        (PeerId good, PeerStats goodStats) = Connect(board, 2);
        badStats.BehaviourPenalty = 3;
        board.TopicOf(goodStats, Topic)!.CountFirstDelivery();

        board.Disconnect(bad);
        board.Disconnect(good);
        Pass(board, 3599);
        Assert.That(board.Score(bad), Is.EqualTo(-90));
        Assert.That(board.Score(good), Is.Zero);
        Assert.That(Connect(board, 1).Stats, Is.SameAs(badStats), "it is the same peer when it comes back");
        board.Disconnect(bad);
        Pass(board, 3601);

        Assert.That(board.Score(bad), Is.Zero);
        Assert.That(board.Count, Is.Zero);
        Assert.That(board.AddressCount, Is.Zero);
    }

    [Test]
    public void PeerThatLeavesWhileItOwesDeliveries_IsRemembered()
    {
        ScoreBoard board = Board(Plain);
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        board.TopicOf(stats, Topic)!.Graft(_time.GetTimestamp());
        Pass(board, 6);

        board.Disconnect(peer);

        Assert.That(board.Score(peer), Is.EqualTo(0.5 * -2 * 25));
    }

    [Test]
    public void RememberedPeers_AreBounded()
    {
        ScoreBoard board = Board(Plain);
        for (int i = 0; i < ScoreBoard.MaxRetained + 100; i++)
        {
            (PeerId peer, PeerStats stats) = Connect(board, i, Address);
            stats.BehaviourPenalty = 3;
            board.Disconnect(peer);
        }

        Assert.That(board.Count, Is.EqualTo(ScoreBoard.MaxRetained));
    }

    [Test]
    public void Decay_CatchesUpAfterASuspension()
    {
        ScoreBoard board = Board(Plain);
        (PeerId peer, PeerStats stats) = Connect(board, 1);
        stats.BehaviourPenalty = 1e6;

        _time.Advance(TimeSpan.FromDays(1));
        board.Refresh();

        Assert.That(board.Score(peer), Is.Zero);
    }

    [Test]
    public void ScoreOptions_OfTheWrongSignAreRefused()
    {
        TopicScoreOptions[] topics =
        [
            new() { Weight = -1 }, new() { TimeInMeshWeight = -1 }, new() { FirstDeliveryWeight = -1 }, new() { DeliveryWeight = 1 },
            new() { FailureWeight = 1 }, new() { InvalidWeight = 1 }, new() { InvalidDecay = 1 }, new() { DeliveryThreshold = 200 },
        ];
        foreach (TopicScoreOptions options in topics)
            Assert.That(() => options.Validate(Topic), Throws.ArgumentException, options.ToString());
        PeerScoreOptions[] scores =
        [
            new() { TopicCap = -1 }, new() { ColocationWeight = 1 }, new() { BehaviourWeight = 1 }, new() { BehaviourDecay = 0 },
            new() { ColocationThreshold = 0 }, new() { DecayToZero = 1 },
        ];
        foreach (PeerScoreOptions options in scores)
            Assert.That(options.Validate, Throws.ArgumentException, options.ToString());
        Assert.That(new ScoreThresholds { Publish = -5 }.Validate, Throws.ArgumentException);
    }

    private ScoreBoard Board(TopicScoreOptions topic) =>
        new(new PeerScoreOptions { Topics = new Dictionary<string, TopicScoreOptions> { [Topic] = topic } }, _time);

    private static (PeerId Peer, PeerStats Stats) Connect(ScoreBoard board, int number, IPAddress? address = null) =>
        (Peer(number), board.Connect(Peer(number), address));

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }

    private void Pass(ScoreBoard board, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            board.Refresh();
        }
    }
}
