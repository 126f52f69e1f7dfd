using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Configuration;

[TestFixture]
internal sealed class NearestNameTests
{
    [TestCase("", "abc", 3)]
    [TestCase("kitten", "sitting", 3)]
    [TestCase("deamon", "daemon", 1)]
    [TestCase("same", "same", 0)]
    public void Distance_counts_edits_and_swaps(string a, string b, int expected)
    {
        Assert.That(NearestName.Distance(a, b), Is.EqualTo(expected));
        Assert.That(NearestName.Distance(b, a), Is.EqualTo(expected));
    }

    [Test]
    public void Nearest_is_null_when_nothing_is_near()
    {
        Assert.That(NearestName.Of("xyzzy", ["threads", "daemon"]), Is.Null);
        Assert.That(NearestName.Of(new string('t', 10_000), ["threads"]), Is.Null);
        Assert.That(NearestName.Of("ab", ["on"]), Is.Null);
    }
}
