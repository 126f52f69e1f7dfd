using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Keeps what is logged as text, warnings and errors by themselves too.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentQueue<string> Problems { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue(formatter(state, exception));
        if (logLevel >= LogLevel.Warning)
            Problems.Enqueue(formatter(state, exception));
    }
}
