using System.Text;
using System.Text.Json;

namespace P2PMiner.Peer.Tests.Driver;

/// <summary>The lines that a process printed, in order. What is no JSON object in UTF-8 fails whoever waits.</summary>
internal sealed class LineLog
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Lock _lock = new();
    private readonly List<JsonElement> _lines = [];
    private TaskCompletionSource _changed = NewChange();
    private Exception? _broken;
    private bool _ended;

    public JsonElement[] All
    {
        get
        {
            lock (_lock)
                return [.. _lines];
        }
    }

    /// <summary>Reads to the end.</summary>
    public async Task ReadAsync(Stream output)
    {
        List<byte> line = [];
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = await output.ReadAsync(buffer)) > 0)
        {
            foreach (byte one in buffer.AsMemory(0, count).ToArray())
            {
                if (one != '\n')
                {
                    line.Add(one);
                    continue;
                }
                Add([.. line]);
                line.Clear();
            }
        }
        lock (_lock)
        {
            _ended = true;
            if (line.Count > 0)
                _broken ??= new FormatException($"the last line has no end: {Encoding.UTF8.GetString([.. line])}");
            _changed.TrySetResult();
        }
    }

    /// <summary>The first line that matches, past or future.</summary>
    public async Task<JsonElement> WaitAsync(Func<JsonElement, bool> matches, TimeSpan deadline)
    {
        using CancellationTokenSource limit = new(deadline);
        int position = 0;
        while (true)
        {
            (JsonElement[] news, Task changed, bool ended) = From(position);
            position += news.Length;
            foreach (JsonElement line in news)
            {
                if (matches(line))
                    return line;
            }
            if (ended || limit.IsCancellationRequested)
                throw new InvalidOperationException($"{(ended ? "it ended" : "nothing came in time")}; last: {string.Join('\n', All.TakeLast(30))}");
            await changed.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Throws if a line was none.</summary>
    public void ThrowIfBroken()
    {
        lock (_lock)
        {
            if (_broken is not null)
                throw _broken;
        }
    }

    private (JsonElement[] News, Task Changed, bool Ended) From(int position)
    {
        ThrowIfBroken();
        lock (_lock)
            return ([.. _lines.Skip(position)], _changed.Task, _ended);
    }

    private void Add(byte[] bytes)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            try
            {
                using var line = JsonDocument.Parse(Strict.GetString(bytes));
                _lines.Add(line.RootElement.Clone());
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                _broken ??= new FormatException($"no line: {Encoding.UTF8.GetString(bytes)}", e);
            }
            changed = _changed;
            _changed = NewChange();
        }
        changed.TrySetResult();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
