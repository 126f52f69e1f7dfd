using System.Collections.Concurrent;

namespace P2PMiner.Hardware.Tests;

/// <summary>A temporary folder that stands for "/"; gone when disposed.</summary>
internal sealed class TempRoot : IDisposable
{
    private static readonly ConcurrentDictionary<string, HardwareInfo> Machines = new();

    public TempRoot(Topology? topology = null)
    {
        Root = Directory.CreateTempSubdirectory("p2p-miner-hardware-").FullName;
        topology?.WriteTo(Root);
    }

    public string Root { get; }

    /// <summary>The machine of a topology file, read once in a run.</summary>
    public static HardwareInfo Read(string topology) => Machines.GetOrAdd(topology, name =>
    {
        using TempRoot root = new(Topology.Load(name));
        return HardwareProbe.Read(root.Root);
    });

    public void Write(string path, string text)
    {
        string file = Topology.Locate(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    public void Remove(string path) => File.Delete(Topology.Locate(Root, path));

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
