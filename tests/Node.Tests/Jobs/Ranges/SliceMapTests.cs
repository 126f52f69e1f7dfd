using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs.Ranges;

internal sealed class SliceMapTests
{
    [Test]
    public void Map_IsTheSameForAll_InWhateverOrderTheyHeardOfEachOther()
    {
        PeerId[] members = [.. Enumerable.Range(0, 30).Select(Member)];
        SliceMap first = new();
        SliceMap second = new();
        Random random = new(20261121);
        foreach (PeerId member in members)
            first.Set(member, Weight(member));
        foreach (PeerId member in members.OrderBy(_ => random.Next()))
        {
            second.Set(member, random.Next(1, 100));
            second.Set(Member(1000 + random.Next(100)), 50);
        }
        for (int other = 1000; other < 1100; other++)
            second.Set(Member(other), 0);
        foreach (PeerId member in members.OrderBy(_ => random.Next()))
            second.Set(member, Weight(member));
        Assert.That(Owners(second), Is.EqualTo(Owners(first)));
        Assert.That(Enumerable.Range(0, SliceMap.Slices).Select(second.ScoreOf), Is.EqualTo(Enumerable.Range(0, SliceMap.Slices).Select(first.ScoreOf)));

        static int Weight(PeerId member) => 1 + member.Bytes[^4] * 7;
    }

    [Test]
    public void Shares_AreProportionalToWeights()
    {
        SliceMap map = new();
        int[] weights = [1, 2, 4, 8, 16, 32];
        for (int i = 0; i < weights.Length; i++)
            map.Set(Member(i), weights[i]);
        Dictionary<PeerId, int> owned = Owners(map).CountBy(owner => owner!).ToDictionary();
        for (int i = 0; i < weights.Length; i++)
        {
            double expected = SliceMap.Slices * weights[i] / 63.0;
            Assert.That(owned[Member(i)], Is.EqualTo(expected).Within(4 * Math.Sqrt(expected)), "four standard deviations");
        }
    }

    [Test]
    public void Change_OfOneMember_MovesOnlySlicesFromItOrToIt()
    {
        SliceMap map = new();
        for (int i = 0; i < 1000; i++)
            map.Set(Member(i), 1 + i % 17);
        PeerId one = Member(500);
        (int Weight, bool IsGaining)[] changes = [(40, true), (9, false), (0, false), (12, true)];
        foreach ((int weight, bool isGaining) in changes)
        {
            PeerId?[] before = Owners(map);
            IReadOnlyList<SliceMove> moves = map.Set(one, weight);
            PeerId?[] after = Owners(map);
            Assert.That(moves, Is.Not.Empty);
            Assert.That(moves.Select(move => isGaining ? move.To : move.From), Is.All.EqualTo(one));
            Assert.That(moves.Select(move => isGaining ? move.From : move.To), Has.None.EqualTo(one));
            Assert.That(
                moves.Select(move => (move.Slice, move.From, move.To)),
                Is.EqualTo(Enumerable.Range(0, SliceMap.Slices).Where(slice => !Equals(before[slice], after[slice])).Select(slice => (slice, before[slice], after[slice]))));
        }
        Assert.That(map.Set(one, 12), Is.Empty);
    }

    [Test]
    public void OwnSlices_AreEachTakenOnce_TheClearestFirst_AndThoseOfOthersLast()
    {
        OwnSlices own = new();
        own.Add(1, score: 10, formerScore: null);
        own.Add(2, score: 30, formerScore: null);
        own.Add(3, score: 20, formerScore: null);
        own.Add(4, score: 99, formerScore: 5);
        own.Add(5, score: 98, formerScore: 4);
        Assert.That(Take(own, 2), Is.EqualTo(new[] { 2, 3 }));
        own.Remove(1);
        own.Remove(2);
        own.Add(2, score: 30, formerScore: 40);
        Assert.That(Take(own, 9), Is.EqualTo(new[] { 5, 4 }), "what was begun before is not begun again");
        own.Restart();
        Assert.That(Take(own, 9), Is.EqualTo(new[] { 4, 5, 2, 3 }));
    }

    internal static PeerId Member(int number) => PeerId.FromEd25519([.. new byte[28], .. BitConverter.GetBytes(number)]);

    private static PeerId?[] Owners(SliceMap map) => [.. Enumerable.Range(0, SliceMap.Slices).Select(map.OwnerOf)];

    private static int[] Take(OwnSlices own, int most)
    {
        List<int> taken = [];
        while (taken.Count < most && own.TryTake(out int slice))
            taken.Add(slice);
        return [.. taken];
    }
}
