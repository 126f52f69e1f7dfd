using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Network;

/// <summary>The protocols that are served. Reading takes no lock.</summary>
internal sealed class ProtocolTable
{
    private readonly Lock _lock = new();
    private volatile Snapshot _current = new([], []);

    /// <summary>The ids, sorted.</summary>
    internal IReadOnlyList<string> Protocols => _current.Sorted;

    internal bool Contains(string protocol) => _current.Handlers.ContainsKey(protocol);

    internal bool TryGet(string protocol, [NotNullWhen(true)] out ProtocolHandler? handler) =>
        _current.Handlers.TryGetValue(protocol, out handler);

    /// <returns>True if the protocol is new.</returns>
    internal bool Set(string protocol, ProtocolHandler handler)
    {
        lock (_lock)
        {
            Dictionary<string, ProtocolHandler> handlers = new(_current.Handlers);
            bool isNew = !handlers.ContainsKey(protocol);
            handlers[protocol] = handler;
            _current = Snapshot.Of(handlers);
            return isNew;
        }
    }

    /// <returns>True if it was served.</returns>
    internal bool Remove(string protocol)
    {
        lock (_lock)
        {
            Dictionary<string, ProtocolHandler> handlers = new(_current.Handlers);
            if (!handlers.Remove(protocol))
                return false;
            _current = Snapshot.Of(handlers);
            return true;
        }
    }

    private sealed record Snapshot(Dictionary<string, ProtocolHandler> Handlers, string[] Sorted)
    {
        internal static Snapshot Of(Dictionary<string, ProtocolHandler> handlers) =>
            new(handlers, [.. handlers.Keys.Order(StringComparer.Ordinal)]);
    }
}
