using System.Text;
using System.Text.Json;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.Peer.Commands;

/// <summary>The fields of a command; what is missing or ill-typed throws <see cref="ArgumentException"/>.</summary>
internal sealed class Arguments(JsonElement command)
{
    private const int StandardTimeout = 10000;

    /// <summary>The longest time that a timer takes, about 24 days.</summary>
    private const long MaxMilliseconds = int.MaxValue - 1000;

    /// <summary>Of the whole command.</summary>
    public TimeSpan Timeout => Duration("timeout", StandardTimeout);

    public bool Has(string name) => command.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string Text(string name) => TextOrNull(name) ?? throw new ArgumentException($"'{name}' is missing");

    public string? TextOrNull(string name) => !Has(name)
        ? null
        : command.GetProperty(name) is { ValueKind: JsonValueKind.String } value
            ? value.GetString()
            : throw new ArgumentException($"'{name}' is no string");

    /// <summary>A string, or a list of strings.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (!Has(name) || command.GetProperty(name) is not { ValueKind: JsonValueKind.Array } list)
            return [Text(name)];
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw new ArgumentException($"'{name}' has something else than strings"))];
    }

    public long Number(string name, long? standard = null)
    {
        if (!Has(name))
            return standard ?? throw new ArgumentException($"'{name}' is missing");
        return command.GetProperty(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && number is >= 0 and < 1e15
            ? (long)number
            : throw new ArgumentException($"'{name}' is no number from 0 on");
    }

    /// <summary>A number of milliseconds; more than a timer takes is as good as for ever.</summary>
    public TimeSpan Duration(string name, long? standard = null) =>
        TimeSpan.FromMilliseconds(Math.Min(Number(name, standard), MaxMilliseconds));

    public bool Flag(string name, bool standard) => !Has(name)
        ? standard
        : command.GetProperty(name).ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new ArgumentException($"'{name}' is neither true nor false"),
        };

    public byte[] Bytes(string name)
    {
        try
        {
            return Convert.FromHexString(Text(name));
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"'{name}' is no hex: {e.Message}", e);
        }
    }

    public PeerId Peer(string name = "peer") =>
        PeerId.TryParse(Text(name), out PeerId? peer) ? peer : throw new ArgumentException($"'{name}' is no peer id");

    public Multiaddr Address(string name = "addr") =>
        Multiaddr.TryParse(Text(name), out Multiaddr? address) ? address : throw new ArgumentException($"'{name}' is no multiaddr");

    /// <summary>The DHT key of a value.</summary>
    public byte[] Key() => Has("keyHex") ? Bytes("keyHex") : Encoding.UTF8.GetBytes(Text("key"));

    /// <summary>A DHT key, or the one that a peer has.</summary>
    public byte[] KeyOrPeer() => Has("peer") && !Has("keyHex") && !Has("key") ? Peer().Bytes.ToArray() : Key();

    /// <summary>The multihash that providers are announced under.</summary>
    public Multihash ProviderKey()
    {
        if (Has("cid"))
            return Cid.TryParse(Text("cid"), out Cid? cid) ? cid.Hash : throw new ArgumentException("'cid' is no CID");
        if (Has("multihash"))
            return Multihash.TryDecode(Bytes("multihash"), out Multihash? hash) ? hash : throw new ArgumentException("'multihash' is none");
        return Multihash.Sha256(Encoding.UTF8.GetBytes(Text("key")));
    }
}
