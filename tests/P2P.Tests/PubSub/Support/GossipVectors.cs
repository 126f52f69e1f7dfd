using System.Text.Json;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.Tests.PubSub.Support;

/// <summary>tests/vectors/gossipsub.json.</summary>
internal static class GossipVectors
{
    private static readonly JsonElement Root = Read();

    public static string Text(string vector, string property) => Root.GetProperty(vector).GetProperty(property).GetString()!;

    public static byte[] Hex(string vector, string property) => Convert.FromHexString(Text(vector, property));

    /// <summary>The only message of an RPC.</summary>
    public static MessageEntry Message(byte[] rpc)
    {
        RpcFrame frame = new();
        Assert.That(RpcDecoder.Decode(rpc, frame), Is.EqualTo(RpcStatus.Done));
        return frame.Messages.Single();
    }

    private static JsonElement Read()
    {
        DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "vectors")))
            folder = folder.Parent;
        string path = Path.Combine(folder?.FullName ?? "", "tests", "vectors", "gossipsub.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }
}
