using System.Text;

namespace P2PMiner.Node.Configuration;

/// <summary>How often a value may be given for an option.</summary>
internal enum OptionArity
{
    /// <summary>Exactly one value.</summary>
    One,

    /// <summary>None, which means "on", or one of on and off.</summary>
    Switch,

    /// <summary>One value each time that the option is given; an array in the file; commas in the environment.</summary>
    Many,
}

/// <summary>
/// One option, described once for command line, environment, configuration file, help and <c>--dry-run</c>.
/// </summary>
/// <param name="Name">Without dashes, words parted by "-".</param>
/// <param name="ValueName">What stands for the value in help.</param>
/// <param name="Description">One sentence for help.</param>
/// <param name="Apply">
/// Puts the values, as text, into the options. Throws <see cref="FormatException"/> with what is wrong and what would
/// be right.
/// </param>
/// <param name="Show">The value in the form in which it could be given, for people.</param>
/// <param name="Arity">How often a value may be given.</param>
internal sealed record OptionDefinition(
    string Name,
    string ValueName,
    string Description,
    Func<NodeOptions, IReadOnlyList<string>, NodeOptions> Apply,
    Func<NodeOptions, string> Show,
    OptionArity Arity = OptionArity.One)
{
    /// <summary>What every environment variable of the program begins with.</summary>
    public const string EnvironmentPrefix = "P2P_MINER_";

    /// <summary>On the command line.</summary>
    public string Flag => "--" + Name;

    /// <summary>In the configuration file: camelCase.</summary>
    public string Key { get; } = ToCamelCase(Name);

    /// <summary>In the environment: upper case, words parted by "_".</summary>
    public string Variable { get; } = EnvironmentPrefix + Name.Replace('-', '_').ToUpperInvariant();

    private static string ToCamelCase(string name)
    {
        var key = new StringBuilder();
        string[] words = name.Split('-');
        key.Append(words[0]);
        foreach (string word in words.AsSpan(1))
            key.Append(char.ToUpperInvariant(word[0])).Append(word, 1, word.Length - 1);
        return key.ToString();
    }
}
