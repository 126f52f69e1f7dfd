using System.Globalization;
using System.Text.RegularExpressions;

namespace P2PMiner.BenchCluster;

/// <summary>What a node wrote to its log file about the blocks that it mines. All nodes have the clock of this machine.</summary>
internal static partial class NodeLog
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss.fffzzz";

    private static readonly int TimeLength = "2026-01-31 12:00:00.000+00:00".Length;

    /// <summary>When the node began to mine each block, and who published it.</summary>
    public static IEnumerable<(DateTimeOffset At, ulong Height, string Publisher)> Blocks(string file) =>
        from line in Lines(file)
        let match = Block().Match(line)
        where match.Success
        select (Time(line), Height(match), match.Groups[2].Value);

    /// <summary>When the last of its threads searched a job for a height.</summary>
    public static IEnumerable<(DateTimeOffset At, ulong Height)> Searches(string file) =>
        from line in Lines(file)
        let match = Search().Match(line)
        where match.Success
        select (Time(line), Height(match));

    /// <summary>The node may be writing to it.</summary>
    private static IEnumerable<string> Lines(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is string line)
            yield return line;
    }

    private static DateTimeOffset Time(string line) => DateTimeOffset.ParseExact(line[..TimeLength], TimeFormat, CultureInfo.InvariantCulture);

    private static ulong Height(Match match) => ulong.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"debug Block (\d+) on \w+ of (\w+) is mined from now on")]
    private static partial Regex Block();

    [GeneratedRegex(@"debug All threads search daemon-\S+ of height (\d+) after")]
    private static partial Regex Search();
}
