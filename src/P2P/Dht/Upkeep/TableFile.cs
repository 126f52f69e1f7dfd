using System.Text.Json;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// The routing table between runs: a JSON file, replaced as a whole. What is read from it is believed no more than what a stranger says: its
/// peers have to answer before they get a place.
/// </summary>
internal sealed class TableFile(string path, ILogger logger)
{
    /// <summary>Peers written, and read.</summary>
    internal const int MaxPeers = 1000;

    /// <summary>Addresses per peer written, and read.</summary>
    internal const int MaxAddresses = 8;

    /// <summary>A larger file is not ours.</summary>
    internal const int MaxSize = 1024 * 1024;

    private const int Version = 1;

    /// <summary>The peers of the file; none if it is missing, and none after a line in the log if it is damaged.</summary>
    internal IReadOnlyList<DhtPeer> Load()
    {
        try
        {
            FileInfo file = new(path);
            if (!file.Exists)
                return [];
            if (file.Length > MaxSize)
                throw new InvalidDataException($"it has {file.Length} bytes");
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement);
        }
        catch (Exception error) when (error
            is IOException or UnauthorizedAccessException or InvalidDataException
            or JsonException or InvalidOperationException /* a string that is not UTF-8 */)
        {
            DhtLog.TableIgnored(logger, path, error.Message);
            return [];
        }
    }

    /// <summary>Writes the peers beside the file and puts it in its place; a failure is a line in the log.</summary>
    internal void Save(IEnumerable<DhtPeer> peers)
    {
        string draft = path + ".new";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using (FileStream stream = new(draft, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                Write(stream, peers);
                stream.Flush(flushToDisk: true);
            }
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            DhtLog.TableNotSaved(logger, path, error.Message);
        }
    }

    private static List<DhtPeer> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("version", out JsonElement version)
            || version.ValueKind != JsonValueKind.Number
            || !version.TryGetInt32(out int number)
            || number != Version
            || !root.TryGetProperty("peers", out JsonElement peers)
            || peers.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException("it is not a routing table of this version");
        return [.. peers.EnumerateArray().Take(MaxPeers).Select(ReadPeer)];
    }

    private static DhtPeer ReadPeer(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object
            || !element.TryGetProperty("id", out JsonElement id)
            || id.ValueKind != JsonValueKind.String
            || !PeerId.TryParse(id.GetString(), out PeerId? peer)
            || !element.TryGetProperty("addresses", out JsonElement addresses)
            || addresses.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException("a peer in it is malformed");
        return new DhtPeer(peer, [.. addresses.EnumerateArray().Take(MaxAddresses).Select(ReadAddress)]);
    }

    private static Multiaddr ReadAddress(JsonElement element) =>
        element.ValueKind == JsonValueKind.String && Multiaddr.TryParse(element.GetString(), out Multiaddr? address)
            ? address
            : throw new InvalidDataException("an address in it is malformed");

    private static void Write(Stream stream, IEnumerable<DhtPeer> peers)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("version", Version);
        json.WriteStartArray("peers");
        foreach (DhtPeer peer in peers.Where(peer => peer.Addresses.Count > 0).Take(MaxPeers))
        {
            json.WriteStartObject();
            json.WriteString("id", peer.Peer.ToString());
            json.WriteStartArray("addresses");
            foreach (Multiaddr address in peer.Addresses.Take(MaxAddresses))
                json.WriteStringValue(address.ToString());
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
