using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace P2PMiner.BenchEngine;

/// <summary>Another miner: a command that prints hash rates.</summary>
internal static class OtherMiner
{
    /// <summary>Runs it for a time, and ends it.</summary>
    /// <returns>The last rate that it printed, in hashes per second.</returns>
    /// <exception cref="BenchException">It printed none.</exception>
    public static double Measure(BenchSettings settings)
    {
        Regex pattern = new(settings.MinerPattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        double rate = 0;
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec " + settings.Miner]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process miner = Process.Start(start) ?? throw new BenchException("the other miner does not start");
        void Read(string? line)
        {
            Match match = pattern.Match(line ?? "");
            if (match.Success && double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out double value))
                Volatile.Write(ref rate, value);
        }
        miner.OutputDataReceived += (_, e) => Read(e.Data);
        miner.ErrorDataReceived += (_, e) => Read(e.Data);
        miner.BeginOutputReadLine();
        miner.BeginErrorReadLine();
        if (!miner.WaitForExit(TimeSpan.FromSeconds(settings.MinerSeconds)))
            miner.Kill(entireProcessTree: true);
        miner.WaitForExit();
        return Volatile.Read(ref rate) is > 0 and double found
            ? found
            : throw new BenchException($"the other miner printed nothing that '{settings.MinerPattern}' finds within {settings.MinerSeconds} s");
    }
}
