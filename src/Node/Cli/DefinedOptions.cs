using System.CommandLine;
using System.CommandLine.Parsing;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary>
/// Option definitions as options of one command. All of them are parsed as text here, so that a value means the same
/// wherever it stands.
/// </summary>
internal sealed class DefinedOptions
{
    private readonly IReadOnlyList<OptionDefinition> _definitions;
    private readonly Dictionary<OptionDefinition, Option<string[]>> _options = [];

    public DefinedOptions(Command command, params IReadOnlyList<OptionDefinition> definitions)
    {
        _definitions = definitions;
        var defaults = new NodeOptions();
        foreach (OptionDefinition definition in definitions)
        {
            var option = new Option<string[]>(definition.Flag)
            {
                Description = $"{definition.Description} [default: {definition.Show(defaults)}]",
                HelpName = definition.ValueName,
                Arity = definition.Arity == OptionArity.Switch ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore,
                AllowMultipleArgumentsPerToken = false,
            };
            _options.Add(definition, option);
            command.Add(option);
        }
    }

    /// <exception cref="UsageException">A bad value, wherever it stands.</exception>
    public ResolvedOptions Resolve(ParseResult parse, CliServices services, string? configPath = null) =>
        OptionResolver.Resolve(_definitions, definition => Given(parse, definition), services.Environment, configPath);

    private string[]? Given(ParseResult parse, OptionDefinition definition)
    {
        if (parse.GetResult(_options[definition]) is not OptionResult { Implicit: false } result)
            return null;
        string[] values = [.. result.Tokens.Select(token => token.Value)];
        if (values.Length > 1 && definition.Arity != OptionArity.Many)
            throw new UsageException($"{definition.Flag} is given {values.Length} times; give it once");
        return values.Length == 0 ? [OptionText.Switch(true)] : values;
    }
}
