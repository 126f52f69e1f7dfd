using System.CommandLine;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Cli;

/// <summary><c>cluster new</c>: a key for a cluster of one's own, and how to use it.</summary>
internal static class ClusterCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner cluster new cluster.key           make a key; then on every machine:",
        "p2p-miner --cluster-key cluster.key --connect 192.168.1.20:9999",
    ];

    public static Command Create(CliServices services, out Command create)
    {
        var command = new Command("cluster", "Make the key of a cluster.");
        var file = new Argument<string?>("FILE")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Write the key to this new file, for its owner's eyes only; without it, the key is printed.",
        };
        create = new Command("new", "Make a new cluster key and say how to use it.") { file };
        create.SetAction(parse => Run(parse.GetValue(file), services));
        command.Add(create);
        return command;
    }

    private static int Run(string? path, CliServices services)
    {
        var key = PreSharedKey.Generate();
        if (path is null)
        {
            // The key alone on stdout, so that it can be redirected into a file.
            services.Output.Write(key.ToFileText());
            Explain(services.Error, "FILE");
            return ExitCode.Done;
        }
        string place = OptionPath(path);
        ClusterKeyFile.Write(place, key);
        services.Output.WriteLine($"New cluster key in {place}.");
        Explain(services.Output, place);
        return ExitCode.Done;
    }

    private static string OptionPath(string path)
    {
        try
        {
            return OptionText.FilePath(path);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static void Explain(TextWriter output, string place)
    {
        output.WriteLine($"Copy it to every machine of the cluster by a safe way, such as scp, with access for its owner only (chmod 600).");
        output.WriteLine($"Then start each with: p2p-miner --cluster-key {place}");
        output.WriteLine("Beyond one local network, add to all but the first: --connect HOST:PORT of any node that runs.");
    }
}
