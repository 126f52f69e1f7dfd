using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Bench;

/// <summary>
/// The other side of the comparison: native/randomx-loop.c in a process of its own, which rests between commands.
/// </summary>
internal sealed class CLoop : IDisposable
{
    private const string Binary = "artifacts/randomx-loop";

    private readonly Process _process;

    private CLoop(Process process) => _process = process;

    /// <summary>Starts it with the same key, CPUs, flags and kind of pages as p2p-miner's side has.</summary>
    /// <exception cref="BenchException">It was not built.</exception>
    public static CLoop Start(Hash256 key, IEnumerable<int> cpus, RandomXFlags flags, MemoryMode memory, PageKind pages)
    {
        if (!File.Exists(Binary))
            throw new BenchException($"{Binary} is missing: run this through 'make bench', which builds it");
        var start = new ProcessStartInfo(Binary) { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            "--key", key.ToString(),
            "--cpus", string.Join(',', cpus),
            "--flags", ((int)flags).ToString(CultureInfo.InvariantCulture),
            "--memory", memory == MemoryMode.Full ? "full" : "light",
            "--pages", pages switch { PageKind.Huge => "huge", PageKind.Transparent => "thp", _ => "normal" },
        ];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return new CLoop(Process.Start(start) ?? throw new BenchException($"{Binary} did not start"));
    }

    /// <summary>Allocates and fills a dataset; returns the seconds that took.</summary>
    public double BuildDataset() => Ask("dataset").GetProperty("datasetSeconds").GetDouble();

    /// <summary>Hashes for <paramref name="duration"/>; returns hashes per second.</summary>
    public double Hash(TimeSpan duration) =>
        Ask(string.Create(CultureInfo.InvariantCulture, $"hash {duration.TotalSeconds}")).GetProperty("hashrate").GetDouble();

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonElement Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        string answer = _process.StandardOutput.ReadLine()
            ?? throw new BenchException($"the C loop ended at '{command}'; its own message is above");
        return JsonSerializer.Deserialize<JsonElement>(answer);
    }
}
