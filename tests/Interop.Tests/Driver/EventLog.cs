using System.Text.Json;

namespace P2PMiner.Interop.Tests.Driver;

/// <summary>
/// Everything a scripted peer printed, in order. Lines are parsed when somebody asks for them: a driver that parsed all of them at
/// once would take the time of what it measures.
/// </summary>
internal sealed class EventLog(string name)
{
    private const int ShownEvents = 40;
    private const int ShownErrors = 40;
    private const int ShownLength = 400;

    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly Queue<string> _errors = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count
    {
        get
        {
            lock (_lock)
                return _lines.Count;
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

    public void Add(string? line)
    {
        if (line is null)
            return;
        TaskCompletionSource changed;
        lock (_lock)
        {
            _lines.Add(line);
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

    /// <summary>The events of one name from a position on, which is moved to the end.</summary>
    public IReadOnlyList<JsonElement> From(ref int position, string name)
    {
        var found = new List<JsonElement>();
        foreach (string line in LinesFrom(ref position))
        {
            if (line.Contains(name, StringComparison.Ordinal) && Parse(line) is JsonElement one && one.Text("ev") == name)
                found.Add(one);
        }
        return found;
    }

    /// <summary>What may never be printed, from a position on, which is moved to the end: events of these names, and lines that are no events.</summary>
    public IReadOnlyList<string> Bad(ref int position, IReadOnlyCollection<string> names) =>
        [.. LinesFrom(ref position).Where(line => Parse(line) is not JsonElement one || names.Contains(one.Text("ev")))];

    public override string ToString()
    {
        lock (_lock)
        {
            IEnumerable<string> shown = _lines.TakeLast(ShownEvents).Select(Shorten);
            return $"{name} printed last:\n{string.Join('\n', shown)}\nstderr:\n{string.Join('\n', _errors)}";
        }
    }

    private string[] LinesFrom(ref int position)
    {
        lock (_lock)
        {
            string[] lines = [.. _lines.Skip(position)];
            position = _lines.Count;
            return lines;
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
