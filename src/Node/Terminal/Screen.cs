using Microsoft.Extensions.Logging;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>Standard output, and what a running node shows on it.</summary>
internal static class Screen
{
    /// <summary>Whether it is a terminal that understands control sequences.</summary>
    public static bool IsTerminal { get; } =
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";

    /// <summary>Columns and rows; those of a VT100 when the system does not tell.</summary>
    public static (int Columns, int Rows) Size =>
        (Console.WindowWidth is > 0 and int columns ? columns : 80, Console.WindowHeight is > 0 and int rows ? rows : 24);

    /// <summary>Shows a node until cancelled: the panel on a terminal, and everywhere progress and hash rate in the log.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Task ShowAsync(ApiSources sources, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        Task lines = Task.WhenAll(
            HashrateLog.RunAsync(sources.Status, logger, time, cancel), DatasetLog.RunAsync(sources.Status, logger, time, cancel));
        return IsTerminal
            ? Task.WhenAll(lines, new StatusPanel(Console.Out, () => Size, () => PanelView.Of(sources), time).RunAsync(cancel))
            : lines;
    }
}
