using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Storage;

public sealed class RecordStoreTests
{
    private static readonly PeerId Local = TestPeers.Peer(0);
    private static readonly TestRecords Rules = new();

    private ManualTime _time = null!;
    private RecordStore _store = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _store = new RecordStore(Local, TimeSpan.FromHours(48), _time);
    }

    [Test]
    public void Record_IsKeptFor48Hours()
    {
        Put("a", [1], 1);
        _time.Advance(TimeSpan.FromHours(48) - TimeSpan.FromSeconds(1));
        Assert.That(ValueOf("a"), Is.EqualTo(new byte[] { 1 }));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(ValueOf("a"), Is.Null);
        Assert.That(_store.Count, Is.Zero);
    }

    [Test]
    public void BetterValue_Replaces_WorseIsRefused_EqualIsAsGoodAsNew()
    {
        Assert.That(Put("a", [2], 1), Is.True);
        Assert.That(Put("a", [1], 2), Is.False);
        Assert.That(Put("a", [3], 2), Is.True);
        _time.Advance(TimeSpan.FromHours(47));
        Assert.That(Put("a", [3], 3), Is.True);
        _time.Advance(TimeSpan.FromHours(47));

        Assert.That(ValueOf("a"), Is.EqualTo(new byte[] { 3 }));
    }

    [Test]
    public void ExpiredValue_GivesWayToAWorseOne()
    {
        Put("a", [9], 1);
        _time.Advance(TimeSpan.FromHours(48));

        Assert.That(Put("a", [1], 2), Is.True);
    }

    [Test]
    public void PeerOverItsShare_LosesItsOldest_AndNobodyElseDoes()
    {
        Put("other", [1], 2);
        int fitting = FloodFrom(1, peer: 1, until: RecordStore.MaxPerPeer);
        Assert.That(_store.Count, Is.EqualTo(fitting + 1));

        Put("last", new byte[1024], 1);

        Assert.That(_store.Count, Is.EqualTo(fitting + 1));
        Assert.That(ValueOf("flood 1 0"), Is.Null);
        Assert.That(ValueOf("other"), Is.Not.Null);
    }

    [Test]
    public void FullStore_TakesFromThoseThatHoldTheMost()
    {
        int floods = (int)(RecordStore.MaxTotal / RecordStore.MaxPerPeer);
        for (int i = 1; i <= floods; i++)
            FloodFrom(i, peer: i, until: RecordStore.MaxPerPeer);
        Put("small", [1], 100);
        for (int i = 1; i <= floods; i++)
            FloodFrom(i + 100, peer: i + 100, until: RecordStore.MaxPerPeer / 4);

        Assert.That(ValueOf("small"), Is.Not.Null);
        Assert.That(ValueOf("flood 101 0"), Is.Not.Null);
    }

    [Test]
    public void OwnRecords_NeverGiveWay()
    {
        _store.TryPut(TestRecords.Key("own"), new byte[] { 1 }, Local, Rules);
        for (int i = 1; i <= 20; i++)
            FloodFrom(i, peer: i, until: RecordStore.MaxPerPeer);

        Assert.That(ValueOf("own"), Is.Not.Null);
    }

    [Test]
    public void SendingWhatIsHere_DoesNotMakeItTheSenders()
    {
        Put("a", [1], 1);
        Put("a", [1], 2);
        FloodFrom(2, peer: 2, until: 2 * RecordStore.MaxPerPeer);

        Assert.That(ValueOf("a"), Is.Not.Null);
    }

    [Test]
    public void Expiry_ForgetsWhatNobodyAsksFor()
    {
        FloodFrom(1, peer: 1, until: RecordStore.MaxPerPeer);
        _time.Advance(TimeSpan.FromHours(49));
        _store.Expire();

        Assert.That(_store.Count, Is.Zero);
    }

    private int FloodFrom(int flood, int peer, long until)
    {
        int count = 0;
        for (long held = 0; ; count++)
        {
            held += RecordStore.Overhead + TestRecords.Key($"flood {flood} {count}").Length + 1024;
            if (held > until)
                return count;
            Put($"flood {flood} {count}", new byte[1024], peer);
        }
    }

    private bool Put(string key, byte[] value, int peer) => _store.TryPut(TestRecords.Key(key), value, TestPeers.Peer(peer), Rules);

    private byte[]? ValueOf(string key) => _store.Find(TestRecords.Key(key))?.Value.ToArray();
}
