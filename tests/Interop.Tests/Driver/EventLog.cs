using System.Text.Json;

namespace P2PMiner.Interop.Tests.Driver;

/// <summary>Everything a scripted peer printed, in order.</summary>
internal sealed class EventLog(string name)
{
    private const int ShownEvents = 40;
    private const int ShownErrors = 40;
    private const int ShownLength = 400;

    private readonly Lock _lock = new();
    private readonly List<JsonElement> _events = [];
    private readonly Queue<string> _errors = new();
    private string? _garbage;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count
    {
        get
        {
            lock (_lock)
                return _events.Count;
        }
    }

    /// <summary>Done as soon as there is one event more than now.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
                return _changed.Task;
        }
    }

    /// <summary>The first line on stdout that was no event, once.</summary>
    public string? TakeGarbage()
    {
        lock (_lock)
        {
            string? found = _garbage;
            _garbage = null;
            return found;
        }
    }

    public void Add(string? line)
    {
        if (line is null)
            return;
        JsonElement? one = Parse(line);
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (one is JsonElement known)
                _events.Add(known);
            else
                _garbage ??= $"garbage: {line}";
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    public void AddError(string? line)
    {
        if (line is null)
            return;
        lock (_lock)
        {
            if (_errors.Count == ShownErrors)
                _errors.Dequeue();
            _errors.Enqueue(line);
        }
    }

    /// <summary>The events from a position on, which is moved to their end.</summary>
    public IReadOnlyList<JsonElement> From(ref int position)
    {
        lock (_lock)
        {
            JsonElement[] found = [.. _events.Skip(position)];
            position = _events.Count;
            return found;
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            IEnumerable<string> shown = _events.TakeLast(ShownEvents).Select(one => Shorten(one.ToString()));
            return $"{name} printed last:\n{string.Join('\n', shown)}\nstderr:\n{string.Join('\n', _errors)}";
        }
    }

    private static JsonElement? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("ev", out _) ? root.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Shorten(string text) => text.Length <= ShownLength ? text : text[..ShownLength] + "...";
}
