using System.Text.Json;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>A hash in which two differed, with all that it takes to compute it again.</summary>
/// <param name="Way">That the engine went.</param>
/// <param name="Key">In hex.</param>
/// <param name="Input">In hex.</param>
/// <param name="Expected">What the other one gave, in hex.</param>
/// <param name="Got">What the engine gave, in hex.</param>
/// <param name="Where">The first program of the hash after which machine code and interpreter differ, and in what; null if in none, or not looked for.</param>
internal sealed record ShadowDifference(string Way, string Key, string Input, string Expected, string Got, string? Where);

/// <summary>How far a comparison has come: what it counted, and where it goes on after a stop.</summary>
internal sealed class ShadowState
{
    /// <summary>More tell nothing new.</summary>
    private const int MaxDifferences = 1000;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public required int Keys { get; init; }

    public required int BlocksPerKey { get; init; }

    /// <summary>Over all keys.</summary>
    public int BlocksDone { get; set; }

    /// <summary>Of all runs that had a part in it.</summary>
    public double Seconds { get; set; }

    /// <summary>Hashes compared with librandomx's, by way; what else was compared too.</summary>
    public SortedDictionary<string, long> Compared { get; init; } = [];

    public long DifferenceCount { get; set; }

    public List<ShadowDifference> Differences { get; init; } = [];

    /// <summary>Counts one comparison, and finds out more of a difference. For one thread at a time.</summary>
    public void Count(
        string way, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> got, Func<string?>? findWhere = null)
    {
        Compared[way] = Compared.GetValueOrDefault(way) + 1;
        if (got.SequenceEqual(expected))
            return;
        DifferenceCount++;
        ShadowDifference difference = new(
            way, Convert.ToHexStringLower(key), Convert.ToHexStringLower(input), Convert.ToHexStringLower(expected), Convert.ToHexStringLower(got),
            findWhere?.Invoke());
        if (Differences.Count < MaxDifferences)
            Differences.Add(difference);
        Console.WriteLine($"DIFFERENCE: {difference}");
    }

    /// <summary>Goes on with an earlier comparison, or begins one.</summary>
    /// <exception cref="BenchException">The file is of another comparison.</exception>
    public static ShadowState Load(string path, int keys, int blocksPerKey)
    {
        if (!File.Exists(path))
            return new ShadowState { Keys = keys, BlocksPerKey = blocksPerKey };
        try
        {
            ShadowState? state = JsonSerializer.Deserialize<ShadowState>(File.ReadAllText(path));
            if (state is not null && state.Keys == keys && state.BlocksPerKey == blocksPerKey)
                return state;
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new BenchException($"{path} is not of a comparison of {keys} keys with {blocksPerKey} blocks each: remove it, or name another with --state");
    }

    /// <summary>Writes all of it, or leaves the file as it was.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string next = path + ".next";
        File.WriteAllText(next, JsonSerializer.Serialize(this, Indented) + "\n");
        File.Move(next, path, overwrite: true);
    }
}
