using System.Globalization;

namespace P2PMiner.Hardware.Linux;

/// <summary>The processor's model and flags from /proc/cpuinfo (x86: "flags", Arm: "Features").</summary>
internal static class CpuReader
{
    private const string Path = "/proc/cpuinfo";
    private const string Unknown = "unknown";
    private const int MaxNameLength = 128;

    public static CpuInfo Read(SystemTree tree)
    {
        Dictionary<string, string> first = KeyValueText.Parse(FirstBlock(tree.ReadText(Path, SystemTree.MaxTableBytes)), ':');
        string vendor = Name(first, "vendor_id", "CPU implementer");
        string model = Name(first, "model name", "Model", "cpu model");
        if (model == Unknown)
            model = BoardModel(tree);
        CpuFeatures? features = Features(first);
        if (features is null)
            tree.Note("CPU flags are unknown: /proc/cpuinfo does not list them, so no instruction set extension is used");
        return new CpuInfo(vendor, model, Version(first), features);
    }

    private static string? FirstBlock(string? text)
    {
        int end = text?.IndexOf("\n\n", StringComparison.Ordinal) ?? -1;
        return end < 0 ? text : text![..end];
    }

    /// <summary>Arm kernels tell the model of the board only.</summary>
    private static string BoardModel(SystemTree tree) =>
        tree.ReadText("/proc/device-tree/model") is { } model ? Clean(model.TrimEnd('\0')) : Unknown;

    private static string Name(Dictionary<string, string> block, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (block.TryGetValue(key, out string? value) && value.Length > 0)
                return Clean(value);
        }
        return Unknown;
    }

    /// <summary>Names go to terminals and web pages: printable and short.</summary>
    private static string Clean(string name)
    {
        string printable = string.Concat(name.Where(c => !char.IsControl(c)).Take(MaxNameLength)).Trim();
        return printable.Length == 0 ? Unknown : printable;
    }

    private static string? Version(Dictionary<string, string> block)
    {
        string[] keys = ["cpu family", "model", "stepping"];
        int[] numbers = [.. keys.Select(key => int.TryParse(block.GetValueOrDefault(key), CultureInfo.InvariantCulture, out int number) ? number : -1)];
        return numbers.Contains(-1) ? null : CpuInfo.VersionOf(numbers[0], numbers[1], numbers[2]);
    }

    private static CpuFeatures? Features(Dictionary<string, string> block)
    {
        if (!block.TryGetValue("flags", out string? listed) && !block.TryGetValue("Features", out listed))
            return null;
        HashSet<string> flags = [.. listed.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        return new CpuFeatures(
            Aes: flags.Contains("aes"),
            Ssse3: flags.Contains("ssse3"),
            Avx2: flags.Contains("avx2"),
            Vaes: flags.Contains("vaes"),
            Avx512F: flags.Contains("avx512f"),
            Avx512Bw: flags.Contains("avx512bw"),
            Avx512Dq: flags.Contains("avx512dq"),
            Avx512Vl: flags.Contains("avx512vl"),
            Avx512Ifma: flags.Contains("avx512ifma"));
    }
}
