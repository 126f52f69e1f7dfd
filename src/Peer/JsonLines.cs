using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Peer;

/// <summary>
/// Events on stdout, each a whole line and written as soon as stdout takes it. Those that come before the first line wait for it.
/// </summary>
/// <remarks>
/// A thread of its own writes, so that a driver that reads slowly does not hold up the network. No line may be lost, so whoever writes
/// more than <see cref="MaxWaitingBytes"/> ahead of the driver has to wait.
/// </remarks>
internal sealed class JsonLines : IDisposable
{
    /// <summary>Bytes of lines that wait for a driver to read.</summary>
    private const int MaxWaitingBytes = 64 * 1024 * 1024;

    /// <summary>Short lines are handed on together up to so many bytes.</summary>
    private const int MaxPieceBytes = 64 * 1024;

    private readonly object _changed = new();
    private readonly Stream _output;
    private readonly string? _node;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly MemoryStream _piece = new(MaxPieceBytes);
    private readonly Thread _writer;
    private Queue<byte[]> _waiting = new();
    private long _waitingBytes;
    private bool _begun;
    private bool _sealed;

    public JsonLines(Stream output, string? node, TimeProvider time)
    {
        (_output, _node, _time) = (output, node, time);
        _start = time.GetTimestamp();
        _writer = new Thread(WriteAll) { IsBackground = true, Name = "stdout" };
        _writer.Start();
    }

    /// <summary>Writes the line that comes before all others, then what has been waiting for it.</summary>
    public void WriteFirst(string name, JsonObject fields)
    {
        byte[] line = Line(name, fields);
        lock (_changed)
        {
            _waiting = new Queue<byte[]>([line, .. _waiting]);
            _waitingBytes += line.Length;
            _begun = true;
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Writes an event; fields that are null are left out.</summary>
    /// <param name="name">Value of <c>ev</c>.</param>
    /// <param name="fields">What it has besides.</param>
    /// <param name="id">The command that it answers, if any has an id.</param>
    public void Write(string name, JsonObject fields, JsonElement? id = null)
    {
        byte[] line = Line(name, fields, id);
        lock (_changed)
        {
            while (_waitingBytes >= MaxWaitingBytes && !_sealed)
                Monitor.Wait(_changed);
            Add(line);
        }
    }

    /// <summary>Writes the line after which there is none, and waits until stdout has taken everything.</summary>
    public void WriteLast(string name, JsonObject fields)
    {
        byte[] line = Line(name, fields);
        lock (_changed)
        {
            Add(line);
            Seal();
        }
        _writer.Join();
    }

    /// <summary>Takes no more lines, and waits until stdout has taken all before.</summary>
    public void Dispose()
    {
        lock (_changed)
            Seal();
        _writer.Join();
        _output.Dispose();
        _piece.Dispose();
    }

    private void Add(byte[] line)
    {
        if (_sealed)
            return;
        _waiting.Enqueue(line);
        _waitingBytes += line.Length;
        Monitor.PulseAll(_changed);
    }

    private void Seal()
    {
        _sealed = true;
        Monitor.PulseAll(_changed);
    }

    private void WriteAll()
    {
        try
        {
            while (TakeAll() is { } lines)
                Write(lines);
        }
        catch (IOException e)
        {
            // Nobody can be told of events any more; commands still have their effect.
            Console.Error.WriteLine($"p2p-peer: stdout is gone: {e.Message}");
            lock (_changed)
                Seal();
        }
    }

    /// <returns>Null after the last line.</returns>
    private Queue<byte[]>? TakeAll()
    {
        lock (_changed)
        {
            while (!_sealed && (!_begun || _waiting.Count == 0))
                Monitor.Wait(_changed);
            Queue<byte[]> lines = _waiting;
            _waiting = new Queue<byte[]>();
            return lines.Count > 0 ? lines : null;
        }
    }

    private void Write(Queue<byte[]> lines)
    {
        while (lines.TryDequeue(out byte[]? line))
        {
            _piece.Write(line);
            if (lines.TryPeek(out byte[]? next) && _piece.Length + next.Length <= MaxPieceBytes)
                continue;
            _output.Write(_piece.GetBuffer(), 0, (int)_piece.Length);
            _output.Flush();
            Written(_piece.Length);
            _piece.SetLength(0);
            if (_piece.Capacity > MaxPieceBytes)
                _piece.Capacity = MaxPieceBytes;
        }
    }

    private void Written(long count)
    {
        lock (_changed)
        {
            _waitingBytes -= count;
            Monitor.PulseAll(_changed);
        }
    }

    private byte[] Line(string name, JsonObject fields, JsonElement? id = null)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteString("ev", name);
            json.WriteNumber("t", (long)_time.GetElapsedTime(_start).TotalMilliseconds);
            if (_node is not null)
                json.WriteString("node", _node);
            if (id is { } given)
            {
                json.WritePropertyName("id");
                given.WriteTo(json);
            }
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
