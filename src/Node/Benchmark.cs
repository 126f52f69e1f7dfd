using P2PMiner.Node.Cli;

namespace P2PMiner.Node;

internal static class Benchmark
{
    public static Task<BenchResult> RunAsync(BenchOptions options, IProgress<BenchProgress> progress, CancellationToken cancel) =>
        throw new InvalidOperationException("not yet");
}
