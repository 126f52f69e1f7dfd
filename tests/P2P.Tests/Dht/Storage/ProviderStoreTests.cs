using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Storage;

public sealed class ProviderStoreTests
{
    private ManualTime _time = null!;
    private ProviderStore _store = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _store = new ProviderStore(TimeSpan.FromHours(48), _time);
    }

    [Test]
    public void Provider_IsKeptFor48HoursAfterItsLastAnnouncement()
    {
        _store.Add(Key(1), TestPeers.Peer(1));
        _store.Add(Key(1), TestPeers.Peer(2));
        _time.Advance(TimeSpan.FromHours(22));
        _store.Add(Key(1), TestPeers.Peer(2));
        _time.Advance(TimeSpan.FromHours(26));

        Assert.That(_store.Find(Key(1)), Is.EqualTo(new[] { TestPeers.Peer(2) }));
        _time.Advance(TimeSpan.FromHours(22));
        Assert.That(_store.Find(Key(1)), Is.Empty);
        Assert.That(_store.Count, Is.Zero);
    }

    [Test]
    public void PeerOverItsShare_LosesItsOldest()
    {
        for (int i = 0; i <= ProviderStore.MaxPerPeer; i++)
            _store.Add(Key(i), TestPeers.Peer(1));

        Assert.That(_store.Count, Is.EqualTo(ProviderStore.MaxPerPeer));
        Assert.That(_store.Find(Key(0)), Is.Empty);
        Assert.That(_store.Find(Key(1)), Is.Not.Empty);
    }

    [Test]
    public void FullStore_TakesFromThoseThatHoldTheMost()
    {
        _store.Add(Key(-1), TestPeers.Peer(1000));
        for (int peer = 1; peer <= (ProviderStore.MaxTotal / ProviderStore.MaxPerPeer) + 1; peer++)
        {
            for (int i = 0; i < ProviderStore.MaxPerPeer; i++)
                _store.Add(Key(i), TestPeers.Peer(peer));
        }

        Assert.That(_store.Count, Is.EqualTo(ProviderStore.MaxTotal));
        Assert.That(_store.Find(Key(-1)), Is.Not.Empty);
    }

    [Test]
    public void KeyOfTooManyProviders_LosesTheOldest()
    {
        for (int peer = 0; peer <= ProviderStore.MaxPerKey; peer++)
        {
            _store.Add(Key(1), TestPeers.Peer(peer));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_store.Find(Key(1)), Has.Count.EqualTo(ProviderStore.MaxPerKey).And.No.Member(TestPeers.Peer(0)));
    }

    [Test]
    public void Expiry_ForgetsWhatNobodyAsksFor()
    {
        for (int i = 0; i < 100; i++)
            _store.Add(Key(i), TestPeers.Peer(i));
        _time.Advance(TimeSpan.FromHours(48));
        _store.Expire();

        Assert.That(_store.Count, Is.Zero);
    }

    private static byte[] Key(int number) => BitConverter.GetBytes(number);
}
