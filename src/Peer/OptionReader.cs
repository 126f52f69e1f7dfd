using System.Globalization;

namespace P2PMiner.Peer;

/// <summary>Takes a command line apart: "--name value" pairs and flags, each of which must be known.</summary>
internal sealed class OptionReader
{
    private readonly Dictionary<string, List<string>> _values = [];

    /// <exception cref="BadOptionException">An option that is not known or lacks its value. Of one that stands twice the last counts.</exception>
    public OptionReader(IReadOnlyList<string> arguments, string[] flags, string[] single, string[] repeatable)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            if (flags.Contains(name))
            {
                _values[name] = [];
                continue;
            }
            if (!single.Contains(name) && !repeatable.Contains(name))
                throw new BadOptionException($"unknown option '{name}'");
            if (++i == arguments.Count)
                throw new BadOptionException($"{name}: needs a value");
            if (!_values.TryGetValue(name, out List<string>? values) || single.Contains(name))
                _values[name] = values = [];
            values.Add(arguments[i]);
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public IReadOnlyList<string> All(string name) => _values.TryGetValue(name, out List<string>? values) ? values : [];

    public string? Text(string name) => All(name) is [.., string last] ? last : null;

    public int Number(string name, int standard, int minimum = 0, int maximum = int.MaxValue) => Text(name) is not { } text
        ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum && number <= maximum
            ? number
            : throw new BadOptionException($"{name}: '{text}' is no number from {minimum} to {maximum}");

    public TimeSpan Milliseconds(string name, int standard, int minimum = 0, int maximum = int.MaxValue) =>
        TimeSpan.FromMilliseconds(Number(name, standard, minimum, maximum));

    public string Choice(string name, string standard, params string[] choices)
    {
        string text = Text(name) ?? standard;
        return choices.Contains(text) ? text : throw new BadOptionException($"{name}: '{text}' is none of {string.Join(", ", choices)}");
    }

    /// <summary>Turns the text of an option into a key.</summary>
    /// <returns>Null if the option is not given.</returns>
    public T? Key<T>(string name, Func<string, T> parse)
        where T : class
    {
        try
        {
            return Text(name) is { } text ? parse(text) : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new BadOptionException($"{name}: {e.Message}", isKey: true);
        }
    }
}
