namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Whether the processor compares return addresses with a second stack, which <see cref="PrefetchKind.Touched"/> cannot do with.</summary>
internal static class ShadowStack
{
    private const string StatusFile = "/proc/thread-self/status";
    private const string Features = "x86_Thread_features:";

    /// <summary>True on systems that do not tell.</summary>
    public static bool IsOn { get; } = !OperatingSystem.IsLinux() || Read();

    internal static bool IsOnIn(IEnumerable<string> lines) =>
        lines.Any(line => line.StartsWith(Features, StringComparison.Ordinal) && line.Contains("shstk", StringComparison.Ordinal));

    private static bool Read()
    {
        try
        {
            return IsOnIn(File.ReadLines(StatusFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
