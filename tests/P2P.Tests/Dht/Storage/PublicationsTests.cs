using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Storage;

public sealed class PublicationsTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(22);

    private ManualTime _time = null!;
    private Publications _publications = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _publications = new Publications(Interval, _time, new Random(1));
    }

    [Test]
    public void Announcement_IsDueAgainShortlyBeforeTheInterval()
    {
        Announce(receivers: 20, tableSize: 100);
        _time.Advance(Interval * 0.949);
        Assert.That(_publications.Due(100), Is.Empty);
        _time.Advance(Interval * 0.051);

        Assert.That(_publications.Due(100), Has.Count.EqualTo(1));
    }

    [Test]
    public void AnnouncementThatReachedNobody_IsRepeatedSoon_ThenLessOften()
    {
        Publication publication = Announce(receivers: 0, tableSize: 0);
        List<double> pauses = [];
        for (int i = 0; i < 10; i++)
        {
            DateTimeOffset begun = _time.GetUtcNow();
            while (_publications.Due(1).Count == 0)
                _time.Advance(TimeSpan.FromSeconds(30));
            publication = _publications.Due(1).Single();
            _publications.Announced(publication, 0, 1);
            pauses.Add((_time.GetUtcNow() - begun).TotalSeconds);
        }

        Assert.That(pauses, Is.EqualTo(new double[] { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 }));
    }

    [Test]
    public void NetworkThatHasDoubled_IsToldAgain()
    {
        Announce(receivers: 5, tableSize: 5);

        Assert.That(_publications.Due(9), Is.Empty);
        Assert.That(_publications.Due(10), Has.Count.EqualTo(1));
        _publications.Announced(_publications.Due(10).Single(), 10, 10);
        Assert.That(_publications.Due(19), Is.Empty);
    }

    [Test]
    public void WithdrawnKey_IsNeverDue_EvenIfItsAnnouncementEndsLater()
    {
        Publication publication = _publications.Add(new byte[] { 1 }, null);
        Assert.That(_publications.Remove(new byte[] { 1 }, isValue: false), Is.True);
        _publications.Announced(publication, 5, 5);
        _time.Advance(Interval * 2);

        Assert.That(_publications.Due(100), Is.Empty);
        Assert.That(_publications.Remove(new byte[] { 1 }, isValue: false), Is.False);
    }

    [Test]
    public void ProvidedKeyAndPublishedValue_AreDifferentThings()
    {
        _publications.Add(new byte[] { 1 }, new byte[] { 2 });

        Assert.That(_publications.Provides(new byte[] { 1 }), Is.False);
        _publications.Add(new byte[] { 1 }, null);
        Assert.That(_publications.Provides(new byte[] { 1 }), Is.True);
        Assert.That(_publications.Count, Is.EqualTo(2));
    }

    [Test]
    public void Keys_AreBounded()
    {
        for (int i = 0; i < Publications.MaxKeys; i++)
            _publications.Add(BitConverter.GetBytes(i), null);

        Assert.That(() => _publications.Add(BitConverter.GetBytes(-1), null), Throws.InvalidOperationException);
        Assert.That(() => _publications.Add(BitConverter.GetBytes(1), null), Throws.Nothing);
    }

    private Publication Announce(int receivers, int tableSize)
    {
        Publication publication = _publications.Add(new byte[] { 1 }, null);
        _publications.Announced(publication, receivers, tableSize);
        return publication;
    }
}
