using System.CommandLine;
using System.CommandLine.Parsing;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary>Says in one line what is wrong with a command line.</summary>
internal static class ParseErrors
{
    /// <summary>Null when nothing is wrong.</summary>
    public static string? Describe(ParseResult parse)
    {
        if (parse.Errors.Count == 0)
            return null;
        Command command = parse.CommandResult.Command;
        string path = string.Join(' ', Path(parse.CommandResult).Skip(1).Prepend("p2p-miner"));
        return $"{Cause(parse, command)}; see '{path} --help'";
    }

    private static string Cause(ParseResult parse, Command command)
    {
        if (parse.UnmatchedTokens.Count == 0)
            return parse.Errors[0].Message.TrimEnd('.');
        string word = parse.UnmatchedTokens[0];
        if (word.StartsWith('-'))
        {
            string name = word.Split('=', ':')[0];
            return $"unknown option '{name}'{NearestName.Hint(name, command.Options.Where(option => !option.Hidden).Select(option => option.Name))}";
        }
        return command.Subcommands.Count > 0
            ? $"unknown command '{word}'{NearestName.Hint(word, command.Subcommands.Select(known => known.Name))}"
            : $"'{word}' is not expected here";
    }

    private static IEnumerable<string> Path(CommandResult result) =>
        (result.Parent is CommandResult parent ? Path(parent) : []).Append(result.Command.Name);
}
