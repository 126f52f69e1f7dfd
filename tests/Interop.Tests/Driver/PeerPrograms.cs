using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace P2PMiner.Interop.Tests.Driver;

/// <summary>Where the scripted peers are, and whether js-libp2p can run here.</summary>
internal static class PeerPrograms
{
    private const int OldestNode = 20;

    /// <summary>Directory with the solution; the tests run somewhere below it.</summary>
    public static string Root { get; } = FindRoot();

    private static string JsFolder => Path.Combine(Root, "tests", "interop");

    /// <summary>What is missing to run js-libp2p, or null.</summary>
    public static string? MissingForJs()
    {
        if (NodeVersion() is not int version)
            return "node is not installed (`native/setup.sh test` installs it)";
        if (version < OldestNode)
            return $"node {OldestNode} or later is needed, and here is {version}";
        return File.Exists(Path.Combine(JsFolder, "node_modules", ".package-lock.json"))
            ? null
            : "js-libp2p is not installed (`make interop` installs it)";
    }

    /// <summary>How to start a peer with these options.</summary>
    /// <param name="kind">Which implementation.</param>
    /// <param name="ours">Path of p2p-peer, a program or its .dll.</param>
    /// <param name="options">Its command line.</param>
    public static ProcessStartInfo StartInfo(PeerKind kind, string ours, IEnumerable<string> options)
    {
        string[] command = kind switch
        {
            PeerKind.Js => ["node", Path.Combine(JsFolder, "peer.mjs")],
            _ when ours.EndsWith(".dll", StringComparison.Ordinal) => ["dotnet", ours],
            _ => [ours],
        };
        return new ProcessStartInfo(command[0], [.. command[1..], .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    private static int? NodeVersion()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true })!;
            string version = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return int.Parse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "P2PMiner.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new PeerException($"no P2PMiner.sln above {AppContext.BaseDirectory}");
    }
}
