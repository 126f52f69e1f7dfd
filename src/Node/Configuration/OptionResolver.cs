namespace P2PMiner.Node.Configuration;

/// <summary>One effective value and where it came from.</summary>
/// <param name="Definition">The option.</param>
/// <param name="Value">The effective value, for people.</param>
/// <param name="Origin">"command line", "environment NAME", "file PATH" or "default".</param>
internal sealed record Setting(OptionDefinition Definition, string Value, string Origin);

/// <summary>The options in force.</summary>
/// <param name="Options">Checked values.</param>
/// <param name="Settings">Each option's value and origin, in the order of the definitions.</param>
/// <param name="Warnings">Environment variables that look like mistyped options, one line each.</param>
internal sealed record ResolvedOptions(
    NodeOptions Options, IReadOnlyList<Setting> Settings, IReadOnlyList<string> Warnings);

/// <summary>Puts options together: the command line wins, then the environment, then the file, then the default.</summary>
internal static class OptionResolver
{
    /// <summary>Names the configuration file in the environment.</summary>
    public const string ConfigVariable = OptionDefinition.EnvironmentPrefix + "CONFIG";

    /// <summary>Variables that are no options: the path of librandomx, and what Kubernetes sets for a service of the program's name.</summary>
    private static readonly string[] OtherVariables = ["P2P_MINER_RANDOMX", "P2P_MINER_SERVICE_HOST", "P2P_MINER_SERVICE_PORT"];

    /// <summary>More of these, by port.</summary>
    private static readonly string[] OtherPrefixes = ["P2P_MINER_SERVICE_PORT_", "P2P_MINER_PORT_"];

    /// <summary>How Kubernetes and Docker links write the port of a service into the variable that is this program's port option.</summary>
    private const string ServiceAddress = "tcp://";

    /// <param name="definitions">The options that the command has.</param>
    /// <param name="commandLine">The values given there, null when the option is absent.</param>
    /// <param name="environment">All variables of the process.</param>
    /// <param name="configPath">From <c>--config</c>; null takes <see cref="ConfigVariable"/>, else no file.</param>
    /// <exception cref="UsageException">A bad value, with the place that it came from.</exception>
    public static ResolvedOptions Resolve(
        IReadOnlyList<OptionDefinition> definitions,
        Func<OptionDefinition, IReadOnlyList<string>?> commandLine,
        IReadOnlyDictionary<string, string> environment,
        string? configPath = null)
    {
        configPath ??= Variable(environment, ConfigVariable);
        IReadOnlyDictionary<string, IReadOnlyList<string>> file =
            configPath is null ? new Dictionary<string, IReadOnlyList<string>>() : ConfigFile.Read(configPath);
        var options = new NodeOptions();
        var origins = new List<string>(definitions.Count);
        foreach (OptionDefinition definition in definitions)
        {
            if (commandLine(definition) is { } given)
            {
                origins.Add("command line");
                options = Apply(definition, options, given, definition.Flag);
            }
            else if (Variable(environment, definition.Variable) is string text)
            {
                origins.Add("environment " + definition.Variable);
                options = Apply(definition, options, Split(definition, text), definition.Variable);
            }
            else if (file.TryGetValue(definition.Key, out IReadOnlyList<string>? values))
            {
                origins.Add("file " + configPath);
                options = Apply(definition, options, values, $"\"{definition.Key}\" in {configPath}");
            }
            else
            {
                origins.Add("default");
            }
        }
        options.Validate();
        return new ResolvedOptions(
            options,
            [.. definitions.Zip(origins, (definition, origin) => new Setting(definition, definition.Show(options), origin))],
            [.. IgnoredVariables(environment)]);
    }

    private static NodeOptions Apply(OptionDefinition definition, NodeOptions options, IReadOnlyList<string> values, string place)
    {
        try
        {
            return definition.Apply(options, values);
        }
        catch (FormatException error)
        {
            throw new UsageException($"{place}: {error.Message}");
        }
    }

    /// <summary>An empty variable counts as absent, as shells cannot always unset one.</summary>
    private static string? Variable(IReadOnlyDictionary<string, string> environment, string name) =>
        environment.TryGetValue(name, out string? text) && text.Length > 0 && !IsServiceAddress(name, text) ? text : null;

    private static bool IsServiceAddress(string name, string text) =>
        name == OptionDefinitions.Port.Variable && text.StartsWith(ServiceAddress, StringComparison.OrdinalIgnoreCase);

    private static string[] Split(OptionDefinition definition, string text) =>
        definition.Arity == OptionArity.Many
            ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [text];

    /// <summary>
    /// Warnings. Unknown variables are no error: container platforms set some of their own with the same prefix.
    /// </summary>
    private static IEnumerable<string> IgnoredVariables(IReadOnlyDictionary<string, string> environment)
    {
        string portVariable = OptionDefinitions.Port.Variable;
        if (environment.TryGetValue(portVariable, out string? port) && IsServiceAddress(portVariable, port))
        {
            yield return $"the environment variable {portVariable} is ignored: its value looks like the address of a container service"
                + " of this program's name; set enableServiceLinks: false to be rid of it, or use --port";
        }
        string[] known = [.. OptionDefinitions.All.Select(definition => definition.Variable), ConfigVariable, .. OtherVariables];
        foreach (string name in environment.Keys.Where(name => name.StartsWith(OptionDefinition.EnvironmentPrefix, StringComparison.Ordinal)))
        {
            if (!known.Contains(name) && !OtherPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
                && NearestName.Of(name, known) is string nearest)
                yield return $"the environment variable {name} is unknown and ignored (did you mean '{nearest}'?)";
        }
    }
}
