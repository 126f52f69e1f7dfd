using System.Globalization;

namespace P2PMiner.BenchCluster;

/// <summary>What a process took so far, by /proc.</summary>
/// <param name="All">Processor seconds of all its threads, ended ones included.</param>
/// <param name="Miners">Of its miner threads.</param>
/// <param name="Others">Of the other threads that live, by name.</param>
internal sealed record ProcessTimes(double All, double Miners, IReadOnlyDictionary<string, double> Others)
{
    private const double TicksPerSecond = 100;
    private const double NanosecondsPerSecond = 1e9;

    public static ProcessTimes Of(int process)
    {
        // After the name in parentheses: state is field 3, user and system time are 14 and 15 (proc(5)).
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double all = (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
        var threads = new Dictionary<string, double>();
        foreach (string thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            if (Read(thread) is (string name, double seconds))
                threads[name] = threads.GetValueOrDefault(name) + seconds;
        }
        double miners = threads.Where(thread => IsMiner(thread.Key)).Sum(thread => thread.Value);
        return new ProcessTimes(all, miners, threads.Where(thread => !IsMiner(thread.Key)).ToDictionary());
    }

    private static bool IsMiner(string name) => name.StartsWith("miner ", StringComparison.Ordinal);

    /// <summary>Null for a thread that has just ended.</summary>
    private static (string Name, double Seconds)? Read(string thread)
    {
        try
        {
            return (File.ReadAllText($"{thread}/comm").Trim(), Number(File.ReadAllText($"{thread}/schedstat").Split(' ')[0]) / NanosecondsPerSecond);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
