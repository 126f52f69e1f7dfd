using System.Globalization;

namespace P2PMiner.Node.Terminal;

/// <summary>Numbers for people, always with a point and no digit grouping.</summary>
internal static class Units
{
    /// <summary>Stands for what is not known (yet).</summary>
    public const string Unknown = "n/a";

    /// <summary>One decimal.</summary>
    public static string Number(double? value) => value is double known ? Invariant($"{known:0.0}") : Unknown;

    public static string Hashrate(double? rate) => Number(rate) + " H/s";

    /// <summary>MiB below 10 GiB, else GiB.</summary>
    public static string Bytes(long bytes) =>
        bytes < 10L << 30 ? Invariant($"{bytes / (double)(1 << 20):0} MiB") : Invariant($"{bytes / (double)(1 << 30):0.0} GiB");

    public static string Percent(double part) => Invariant($"{100 * part:0.0}%");

    /// <summary>"45 s", "3:05 min", "2:10 h" or "4 d 3 h".</summary>
    public static string Duration(double seconds)
    {
        TimeSpan span = TimeSpan.FromSeconds(Math.Clamp(Math.Round(seconds), 0, TimeSpan.MaxValue.TotalSeconds / 2));
        return span switch
        {
            { TotalMinutes: < 1 } => Invariant($"{span.Seconds} s"),
            { TotalHours: < 1 } => Invariant($"{span.Minutes}:{span.Seconds:00} min"),
            { TotalDays: < 1 } => Invariant($"{span.Hours}:{span.Minutes:00} h"),
            _ => Invariant($"{(int)span.TotalDays} d {span.Hours} h"),
        };
    }

    /// <summary>A long hash, shortened for a line.</summary>
    public static string Short(string hash) => hash.Length <= 17 ? hash : $"{hash[..8]}…{hash[^8..]}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
