namespace P2PMiner.Benchmarks;

/// <summary>Something that keeps a benchmark from running; the message is one line that says what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
