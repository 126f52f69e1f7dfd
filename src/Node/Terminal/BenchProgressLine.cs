using P2PMiner.Node.Cli;

namespace P2PMiner.Node.Terminal;

/// <summary>One line that tells how far a benchmark is, rewritten in place, from two seconds after its start.</summary>
/// <param name="output">A terminal, or <see cref="TextWriter.Null"/>.</param>
/// <param name="time">Tells when two seconds are over.</param>
internal sealed class BenchProgressLine(TextWriter output, TimeProvider time) : IProgress<BenchProgress>, IDisposable
{
    private const string ClearLine = "\r\e[K";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private bool _shown;

    public void Report(BenchProgress value)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_start) < Patience)
                return;
            _shown = true;
            string rate = value.Hashrate is null ? "" : $" {Units.Hashrate(value.Hashrate)}";
            output.Write($"{ClearLine}{value.Phase} {Units.Percent(value.Part)}{rate}");
        }
    }

    /// <summary>Removes the line.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_shown)
                output.Write(ClearLine);
            _shown = false;
        }
    }
}
