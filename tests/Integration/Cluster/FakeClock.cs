namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A clock that is off for one process, by libfaketime. Only the time of day is: what measures spans stays right.</summary>
internal static class FakeClock
{
    /// <summary>Null where it is not installed.</summary>
    public static string? Library { get; } = Directory.Exists("/usr/lib")
        ? Directory.GetDirectories("/usr/lib", "*-linux-*").Select(directory => Path.Combine(directory, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists)
        : null;

    /// <summary>Environment of the process, each as NAME=VALUE.</summary>
    public static string[] Off(TimeSpan error) =>
        [$"LD_PRELOAD={Library}", $"FAKETIME={(error < TimeSpan.Zero ? "-" : "+")}{error.Duration().TotalSeconds}s", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
}
