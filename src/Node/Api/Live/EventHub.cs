using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.Node.Api.Live;

/// <summary>The clients of the event stream; a bounded number, of which none makes another wait. Thread-safe.</summary>
internal sealed class EventHub
{
    /// <summary>A quarter of the connections that the server takes.</summary>
    public const int MaxClients = 16;

    private readonly Lock _lock = new();
    private readonly HashSet<EventClient> _clients = [];
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_lock)
                return _clients.Count;
        }
    }

    /// <returns>False when there are too many, or the server stops.</returns>
    public bool TryJoin([NotNullWhen(true)] out EventClient? client)
    {
        lock (_lock)
        {
            client = _closed || _clients.Count >= MaxClients ? null : new EventClient();
            return client is not null && _clients.Add(client);
        }
    }

    public void Leave(EventClient client)
    {
        lock (_lock)
            _clients.Remove(client);
        client.Dispose();
    }

    /// <summary>Queues a frame for everybody; who has not read the last ones is dropped.</summary>
    public void Publish(byte[] frame)
    {
        lock (_lock)
        {
            foreach (EventClient client in _clients.Where(client => !client.TryQueue(frame)).ToArray())
            {
                client.Drop();
                _clients.Remove(client);
            }
        }
    }

    /// <summary>Ends all streams, and takes no more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (EventClient client in _clients)
                client.End();
        }
    }
}
