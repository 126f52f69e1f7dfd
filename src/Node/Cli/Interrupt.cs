using System.Runtime.InteropServices;

namespace P2PMiner.Node.Cli;

/// <summary>
/// Turns SIGINT (Ctrl-C) and SIGTERM into cancellation. The first signal asks for a clean end within
/// <see cref="CleanEnd"/>; when that passes, or with the second signal, the process ends at once.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    /// <summary>How long a clean end may take.</summary>
    private static readonly TimeSpan CleanEnd = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly ITimer _deadline;
    private readonly Action<int> _exit;
    private int _signals;

    /// <param name="time">Measures the clean end.</param>
    /// <param name="exit">Ends the process with a code.</param>
    public Interrupt(TimeProvider time, Action<int> exit)
    {
        _deadline = time.CreateTimer(_ => exit(ExitCode.Interrupted), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _exit = exit;
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);

        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            OnSignal();
        }
    }

    public CancellationToken Token => _cancellation.Token;

    internal void OnSignal()
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            _exit(ExitCode.Interrupted);
            return;
        }
        _deadline.Change(CleanEnd, Timeout.InfiniteTimeSpan);
        _cancellation.Cancel();
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _deadline.Dispose();
        _cancellation.Dispose();
    }
}
