using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Peer;

/// <summary>Events on stdout, each a whole line and written at once. Those that come before the first line wait for it.</summary>
internal sealed class JsonLines(Stream output, string? node, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private readonly List<byte[]> _waiting = [];
    private bool _begun;

    /// <summary>Writes the line that comes before all others, then what has been waiting for it.</summary>
    public void WriteFirst(string name, JsonObject fields)
    {
        byte[] line = Line(name, fields);
        lock (_lock)
        {
            _begun = true;
            output.Write(line);
            foreach (byte[] waiting in _waiting)
                output.Write(waiting);
            _waiting.Clear();
            output.Flush();
        }
    }

    /// <summary>Writes an event; fields that are null are left out.</summary>
    public void Write(string name, JsonObject fields)
    {
        byte[] line = Line(name, fields);
        lock (_lock)
        {
            if (!_begun)
            {
                _waiting.Add(line);
                return;
            }
            output.Write(line);
            output.Flush();
        }
    }

    public void Dispose() => output.Dispose();

    private byte[] Line(string name, JsonObject fields)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteString("ev", name);
            json.WriteNumber("t", (long)time.GetElapsedTime(_start).TotalMilliseconds);
            if (node is not null)
                json.WriteString("node", node);
            foreach ((string field, JsonNode? value) in fields)
            {
                if (value is null)
                    continue;
                json.WritePropertyName(field);
                value.WriteTo(json);
            }
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        return line.ToArray();
    }
}
