using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>A way in which engine managed hashes.</summary>
/// <param name="Name">For the report.</param>
/// <param name="Weight">Of so many blocks of inputs together, it hashes so many; slow ways hash fewer.</param>
/// <param name="Create">Makes a hasher for a key; told its number too.</param>
internal sealed record ShadowWay(string Name, int Weight, Func<Memories, RandomXDataset, int, IHasher> Create)
{
    private static readonly int[] PercentsHeld = [12, 25, 40, 50, 75, 90];

    /// <summary>Those that this machine can go. Of touching, which shadow stacks forbid, there is nothing to compare there.</summary>
    public static IReadOnlyList<ShadowWay> All { get; } = [.. List()];

    /// <summary>The way of a block of inputs: the same in every run, and all of them mixed.</summary>
    public static ShadowWay Of(int block)
    {
        // A stride that has no factor in common with the sum visits each place once, and neighbours far apart.
        int sum = All.Sum(way => way.Weight);
        int stride = Enumerable.Range(sum * 5 / 8, sum).First(n => Greatest(n, sum) == 1);
        int place = (int)((long)block * stride % sum);
        return All.First(way => (place -= way.Weight) < 0);
    }

    private static int Greatest(int a, int b) => b == 0 ? a : Greatest(b, a % b);

    private static IEnumerable<ShadowWay> List()
    {
        if (!ShadowStack.IsOn)
        {
            yield return Full("3t", 8);
            yield return Full("4t", 8);
            yield return Full("2t", 2);
        }
        yield return Full("4b", 5);
        yield return Full("6b", 3);
        yield return Full("2", 4);
        yield return Full("1", 4);
        yield return new("light", 1, (memories, _, _) =>
            Machines.Light(RandomXVersion.V1, memories, memories.Items));
        yield return new("light, AVX2", 1, (memories, _, _) =>
            Machines.Light(RandomXVersion.V1, memories, memories.NarrowItems));
        yield return new("hybrid", 1, (memories, dataset, key) =>
            Machines.Hybrid(memories, dataset, PercentsHeld[key % PercentsHeld.Length]));
    }

    private static ShadowWay Full(string machine, int weight) => new($"full, {machine}", weight, (memories, dataset, _) =>
        Machines.Full(RandomXVersion.V1, Machines.Parse(machine), dataset, memories.Pages));
}
