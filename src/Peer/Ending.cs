using System.Runtime.InteropServices;
using P2PMiner.Peer.Interop;

namespace P2PMiner.Peer;

/// <summary>Why and how the program ends: by a signal, when its time is over, or because its commands are; then soon, whatever hangs.</summary>
internal sealed class Ending : IDisposable
{
    private const int LifeOver = 3;

    /// <summary>Less than the 4 s that stopping may take, for the process has to go as well.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3.8);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _begun = new();
    private readonly PosixSignalRegistration[] _signals;
    private readonly Timer _life;
    private Timer? _limit;

    public Ending(TimeSpan life)
    {
        // A shell has its background jobs ignore SIGINT, which the runtime leaves so.
        if (!OperatingSystem.IsWindows())
            Signal.signal(Signal.SIGINT, Signal.SIG_DFL);
        _signals = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT)];
        _life = new Timer(_ => Begin(LifeOver), null, life, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled as soon as the program has to end.</summary>
    public CancellationToken Begun => _begun.Token;

    public int ExitCode { get; private set; }

    public bool IsLifeOver => ExitCode == LifeOver;

    /// <summary>Ends the program with this code within 4 s. The first call counts.</summary>
    public void Begin(int exitCode = 0)
    {
        lock (_lock)
        {
            if (_limit is not null)
                return;
            ExitCode = exitCode;
            _limit = new Timer(_ => Environment.Exit(ExitCode), null, StopLimit, Timeout.InfiniteTimeSpan);
        }
        _begun.Cancel();
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
        _life.Dispose();
        _limit?.Dispose();
        _begun.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Begin();
    });
}
