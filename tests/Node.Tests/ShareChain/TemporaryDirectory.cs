namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>A directory of a test's own, removed at the end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    /// <summary>In memory where there is such a place: thousands of small synchronous writes would wear a disk.</summary>
    private static readonly string Root = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();

    public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(Root, $"p2p-miner-test-{Guid.NewGuid():n}")).FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
