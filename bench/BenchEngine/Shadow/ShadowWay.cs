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
    /// <summary>Those that are the fastest in most places; of all others one block each.</summary>
    private static readonly Dictionary<string, int> Weights = new() { ["3t"] = 8, ["4t"] = 8, ["4b"] = 4, ["2"] = 3, ["1"] = 4 };

    private static readonly int[] PercentsHeld = [12, 25, 40, 50, 75, 90];

    /// <summary>With a dataset, its machine; else one of a lane by itself, whose programs are the same.</summary>
    public LaneSettings Machine { get; private init; } = new(1);

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
        foreach (LaneSettings machine in FullMachine.Candidates(FullMachine.MostLanes(null), canTouch: !ShadowStack.IsOn))
            yield return Full(machine);
        yield return new("light", 1, (memories, _, _) =>
            Machines.Light(RandomXVersion.V1, memories, memories.Items));
        yield return new("light, AVX2", 1, (memories, _, _) =>
            Machines.Light(RandomXVersion.V1, memories, memories.NarrowItems));
        yield return new("hybrid", 1, (memories, dataset, key) =>
            Machines.Hybrid(memories, dataset, PercentsHeld[key % PercentsHeld.Length]));
    }

    private static ShadowWay Full(LaneSettings machine)
    {
        string name = $"{machine.Lanes}{machine.Prefetch switch { PrefetchKind.Touched => "t", PrefetchKind.Batched => "b", _ => "" }}";
        return new ShadowWay(
            $"full, {name}", Weights.GetValueOrDefault(name, 1),
            (memories, dataset, _) => Machines.Full(RandomXVersion.V1, machine, dataset, memories.Pages))
        {
            Machine = machine,
        };
    }
}
