using P2PMiner.Mining;
using P2PMiner.Node.Jobs;

namespace P2PMiner.Node.Tests.Jobs;

public sealed class KnownKeysTests
{
    private static readonly Hash256[] Some = [.. Enumerable.Range(0, 3 * KnownKeys.Capacity).Select(i => Hash256.Parse(i.ToString("x64")))];

    [Test]
    public void Keys_ThatAreNamedAgain_Stay_AndSoDoesTheOneInUse()
    {
        KnownKeys keys = new();
        keys.Use(Some[0]);
        keys.Add(Some[1]);
        foreach (Hash256 other in Some[2..])
        {
            Assert.That(keys.Contains(Some[1]), Is.True);
            keys.Add(Some[1]);
            keys.Add(other);
        }
        Assert.That(keys.All, Has.Count.EqualTo(KnownKeys.Capacity));
        Assert.That(keys.All, Is.SupersetOf(new[] { Some[0], Some[1], Some[^1] }));

        keys.Use(Some[^1]);
        keys.Add(Some[2]);
        Assert.That(keys.Contains(Some[0]), Is.False, "it is not in use any more");
    }
}
