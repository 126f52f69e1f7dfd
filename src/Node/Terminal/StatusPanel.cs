using System.Text;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>
/// Shows a node's status on a whole terminal, twice a second, until cancelled. It draws on the alternate screen from the
/// top left corner in one write without clearing, so nothing flickers and the user's scrollback stays as it was.
/// </summary>
/// <param name="output">The terminal.</param>
/// <param name="size">Columns and rows that the terminal has now.</param>
/// <param name="view">Gives what is to be seen now.</param>
/// <param name="time">Paces the drawing.</param>
internal sealed class StatusPanel(TextWriter output, Func<(int Columns, int Rows)> size, Func<PanelView> view, TimeProvider time)
{
    // Control sequences of ECMA-48 and xterm; 2026 is the synchronized update that terminals without it ignore.
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string BeginUpdate = "\e[?2026h\e[H";
    private const string EndUpdate = "\e[J\e[?2026l";
    private const string ClearScreen = "\e[2J";
    private const string ClearToEndOfLine = "\e[K";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private (int Columns, int Rows) _size;
    private int _entered;

    /// <summary>Draws until cancelled, then gives the terminal back and leaves one line of summary on it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        // A process that ends in a hurry must give the terminal back too.
        AppDomain.CurrentDomain.ProcessExit += Restore;
        try
        {
            Interlocked.Exchange(ref _entered, 1);
            output.Write(Enter);
            using var timer = new PeriodicTimer(Interval, time);
            do
            {
                Draw();
            }
            while (await timer.WaitForNextTickAsync(cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Cancellation is how this loop ends.
        }
        finally
        {
            Restore(null, EventArgs.Empty);
            AppDomain.CurrentDomain.ProcessExit -= Restore;
        }
        output.WriteLine(Summary(view().Status));
    }

    internal void Draw()
    {
        (int Columns, int Rows) now = size();
        var frame = new StringBuilder(BeginUpdate);
        if (now != _size)
            frame.Append(ClearScreen);
        _size = now;

        // The last column stays free: a full line followed by "clear to its end" would lose its last character.
        IReadOnlyList<string> lines = PanelLayout.Render(view(), Math.Max(1, now.Columns - 1), Math.Max(1, now.Rows));
        frame.AppendJoin("\r\n", lines.Select(line => line + ClearToEndOfLine)).Append(EndUpdate);
        output.Write(frame);
        output.Flush();
    }

    private static string Summary(NodeStatus status) =>
        $"p2p-miner ran {Units.Duration(status.UptimeSeconds)}: {status.TotalHashes} hashes, max {Units.Hashrate(status.Hashrate.Max)}"
        + $", shares {status.Shares.Accepted}/{status.Shares.Found}, blocks {status.Blocks.Accepted}/{status.Blocks.Found} accepted";

    private void Restore(object? sender, EventArgs args)
    {
        if (Interlocked.Exchange(ref _entered, 0) == 0)
            return;
        output.Write(Leave);
        output.Flush();
    }
}
