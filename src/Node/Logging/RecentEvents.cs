using P2PMiner.Node.Api;
using Serilog.Core;
using Serilog.Events;

namespace P2PMiner.Node.Logging;

/// <summary>Keeps the last events from level info up, for the panel and the API; older ones fall out.</summary>
internal sealed class RecentEvents : ILogEventSink
{
    private const int Capacity = 50;

    private readonly Lock _lock = new();
    private readonly Queue<NodeEvent> _events = new(Capacity);

    public void Emit(LogEvent logEvent)
    {
        if (logEvent.Level < LogEventLevel.Information)
            return;
        string level = logEvent.Level switch
        {
            LogEventLevel.Information => "info",
            LogEventLevel.Warning => "warning",
            _ => "error",
        };
        var entry = new NodeEvent(logEvent.Timestamp, level, LineFormatter.Message(logEvent));
        lock (_lock)
        {
            if (_events.Count == Capacity)
                _events.Dequeue();
            _events.Enqueue(entry);
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<NodeEvent> Snapshot()
    {
        lock (_lock)
            return [.. _events];
    }
}
