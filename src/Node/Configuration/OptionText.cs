using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.Node.Configuration;

/// <summary>
/// Option values from text and back. Every parser throws <see cref="FormatException"/> that says what would be right.
/// </summary>
internal static class OptionText
{
    /// <summary>What an option without a value shows.</summary>
    public const string None = "none";

    private const int MaxClusterLength = 63;

    /// <summary>MiB per second; beyond what any network carries.</summary>
    private const int MaxRate = 1 << 20;

    private static readonly Dictionary<string, LogLevel> LogLevels = new()
    {
        ["trace"] = LogLevel.Trace,
        ["debug"] = LogLevel.Debug,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
    };

    /// <summary>Values of an option that takes several, for people.</summary>
    public static string List(IEnumerable<string> values)
    {
        string text = string.Join(", ", values);
        return text.Length == 0 ? None : text;
    }

    public static string Algorithm(string text) => text is "randomx" or "rx/0" ? "rx/0" : throw NotOneOf(text, ["randomx", "rx/0"]);

    public static string HashAlgorithm(string text) => text is "rx/2" ? text
        : text is "randomx" or "rx/0" ? Algorithm(text) : throw NotOneOf(text, ["randomx", "rx/0", "rx/2"]);

    public static bool Switch(string text) => text switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw NotOneOf(text, ["on", "off"]),
    };

    public static string Switch(bool value) => value ? "on" : "off";

    public static int? Threads(string text)
    {
        if (text == "auto")
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads <= ThreadRequest.MaxCount
            ? threads
            : throw new FormatException($"'{text}' is neither 'auto' nor a number from 0 to {ThreadRequest.MaxCount}");
    }

    /// <summary>MiB per second, as bytes per second; null is no limit.</summary>
    public static long? Rate(string text)
    {
        if (text == "off")
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rate) && rate is > 0 and <= MaxRate
            ? (long)rate << 20
            : throw new FormatException($"'{text}' is neither 'off' nor a number from 1 to {MaxRate}");
    }

    public static string Rate(long? bytesPerSecond) =>
        bytesPerSecond is long rate ? (rate >> 20).ToString(CultureInfo.InvariantCulture) : "off";

    public static NodeMode Mode(string text) => text switch
    {
        "auto" => NodeMode.Auto,
        "master" => NodeMode.Master,
        "worker" => NodeMode.Worker,
        _ => throw NotOneOf(text, ["auto", "master", "worker"]),
    };

    public static string Mode(NodeMode mode) => mode switch
    {
        NodeMode.Auto => "auto",
        NodeMode.Master => "master",
        _ => "worker",
    };

    public static MemoryRequest Memory(string text) => text switch
    {
        "auto" => MemoryRequest.Auto,
        "full" => MemoryRequest.Full,
        "light" => MemoryRequest.Light,
        "hybrid" => MemoryRequest.Hybrid,
        _ => throw NotOneOf(text, ["auto", "full", "light", "hybrid", "a size such as 1200M"]),
    };

    /// <summary>A mode, or the size of cache and dataset together, in MiB (M) or GiB (G): the cache alone is light mode, both whole are full mode.</summary>
    public static NodeOptions WithMemory(NodeOptions options, IReadOnlyList<string> values)
    {
        string text = values[0];
        if (text.Length < 2 || text[^1] is not ('M' or 'G') || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return options with { Memory = Memory(text), PartBytes = null };
        long part = ((long)number << (text[^1] == 'M' ? 20 : 30)) - MemoryPlanner.CacheBytes;
        if (part is < 0 or > MemoryPlanner.DatasetBytes)
            throw new FormatException($"'{text}' is not between 256M, the cache alone, and {MemorySize(MemoryPlanner.DatasetBytes)}, cache and whole dataset");
        MemoryRequest memory = part == 0 ? MemoryRequest.Light : part == MemoryPlanner.DatasetBytes ? MemoryRequest.Full : MemoryRequest.Hybrid;
        return options with { Memory = memory, PartBytes = memory == MemoryRequest.Hybrid ? part : null };
    }

    /// <summary>Where datasets are kept, or whether; a directory of such a name can be given as <c>./auto</c>.</summary>
    public static NodeOptions WithDatasetCache(NodeOptions options, IReadOnlyList<string> values) => options with
    {
        DatasetCache = values[0] is "auto" or "off" ? null : FilePath(values[0]),
        KeepsDatasets = values[0] != "off",
    };

    /// <summary>As <see cref="WithMemory"/> reads it.</summary>
    public static string MemorySize(long partBytes) => $"{(partBytes + MemoryPlanner.CacheBytes) >> 20}M";

    public static string Memory(MemoryRequest memory) => memory switch
    {
        MemoryRequest.Auto => "auto",
        MemoryRequest.Full => "full",
        MemoryRequest.Hybrid => "hybrid",
        _ => "light",
    };

    /// <summary>What was chosen, in the words of what can be asked for.</summary>
    public static string Memory(MemoryMode mode) => mode.ToString().ToLowerInvariant();

    public static EngineKind Engine(string text) => text switch
    {
        "auto" => EngineKind.Auto,
        "native" => EngineKind.Native,
        "managed" => EngineKind.Managed,
        "shadow" => EngineKind.Shadow,
        _ => throw NotOneOf(text, ["auto", "native", "managed", "shadow"]),
    };

    public static string Engine(EngineKind engine) => engine.ToString().ToLowerInvariant();

    public static PagePreference Pages(string text) => text switch
    {
        "auto" => PagePreference.Auto,
        "huge" => PagePreference.Huge,
        "thp" => PagePreference.Thp,
        "normal" => PagePreference.Normal,
        _ => throw NotOneOf(text, ["auto", "huge", "thp", "normal"]),
    };

    public static string Pages(PagePreference pages) => pages switch
    {
        PagePreference.Auto => "auto",
        PagePreference.Huge => "huge",
        PagePreference.Thp => "thp",
        _ => "normal",
    };

    /// <summary>What was got, in the words of what can be asked for.</summary>
    public static string Pages(PageKind pages) => pages switch
    {
        PageKind.Huge => "huge",
        PageKind.Transparent => "thp",
        _ => "normal",
    };

    public static LogLevel Level(string text) =>
        LogLevels.TryGetValue(text, out LogLevel level) ? level : throw NotOneOf(text, LogLevels.Keys);

    public static string Level(LogLevel level) => LogLevels.First(pair => pair.Value == level).Key;

    public static DaemonEndpoint Daemon(string text) =>
        DaemonEndpoint.TryParse(text, out DaemonEndpoint? endpoint, out string error) ? endpoint : throw new FormatException(error);

    /// <summary>Returns <c>tcp://host:port</c>.</summary>
    public static string Zmq(string text)
    {
        string url = text.Contains("://", StringComparison.Ordinal) ? text : "tcp://" + text;
        return Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri is { Scheme: "tcp", Port: > 0, Host.Length: > 0 }
            ? $"tcp://{uri.Host}:{uri.Port}"
            : throw new FormatException($"'{text}' is no ZMQ address; give what monerod has as --zmq-pub, such as tcp://127.0.0.1:18083");
    }

    public static MoneroAddress Wallet(string text) =>
        MoneroAddress.TryParse(text, out MoneroAddress? address, out string error) && address.CanReceiveRewards(out error)
            ? address
            : throw new FormatException(error);

    public static int Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? port
            : throw new FormatException($"'{text}' is no port; use 0 to {ushort.MaxValue}");

    /// <summary>An IP address with a TCP port, which may be 0, and nothing else.</summary>
    public static Multiaddr ListenAddress(string text) =>
        Multiaddr.TryParse(text, out Multiaddr? address) && address.TcpEndPoint is not null && address.Peer is null && address.IsTcp
            ? address
            : throw new FormatException($"'{text}' is no address to listen on, such as /ip4/192.168.1.7/tcp/9999 or /ip6/::/tcp/0");

    /// <summary>A multiaddr over TCP with or without the peer's id, or HOST:PORT, where the host is a name or an IP address.</summary>
    public static Multiaddr PeerAddress(string text) =>
        (text.StartsWith('/') ? text : ToMultiaddr(text)) is string multiaddr
        && Multiaddr.TryParse(multiaddr, out Multiaddr? address) && (address.IsDnsaddr || (address.IsTcp && address.TcpPort > 0))
            ? address
            : throw new FormatException($"'{text}' is neither HOST:PORT, such as 192.168.1.7:9999, nor a multiaddr, such as /ip4/192.168.1.7/tcp/9999");

    /// <summary>Null is "off".</summary>
    public static IPEndPoint? Http(string text)
    {
        if (text == "off")
            return null;
        int colon = text.LastIndexOf(':');
        if (colon > 0
            && HttpAddress(text[..colon]) is IPAddress address
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return new IPEndPoint(address, port);
        throw new FormatException($"'{text}' is neither 'off' nor ADDR:PORT, such as 127.0.0.1:8420 or [::1]:8420");
    }

    /// <summary>Taken as it stands, but for a leading "~/", which no shell expands in a file.</summary>
    public static string FilePath(string text)
    {
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal))
            throw new FormatException("a path is missing");
        return text.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[2..])
            : text;
    }

    /// <summary>Part of a directory's name and of protocol ids, hence the narrow alphabet.</summary>
    public static string Cluster(string text) =>
        text.Length is > 0 and <= MaxClusterLength
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? text
            : throw new FormatException(
                $"'{text}' is no cluster name; use 1 to {MaxClusterLength} letters, digits, '-', '_' and '.', beginning with a letter or digit");

    public static string Name(string text) => HeartbeatCodec.IsName(text)
        ? text
        : throw new FormatException($"'{text}' cannot name a node; use 1 to {HeartbeatCodec.MaxNameLength} visible characters");

    /// <summary>The name of a node whose user gave none.</summary>
    /// <param name="machine">The machine's name, with its domain or without.</param>
    public static string DefaultName(string machine)
    {
        string host = machine.Split('.')[0];
        host = host.Length > HeartbeatCodec.MaxNameLength ? host[..HeartbeatCodec.MaxNameLength] : host;
        return HeartbeatCodec.IsName(host) ? host : "node";
    }

    private static string? ToMultiaddr(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return null;
        string host = text[..colon];
        if (HttpAddress(host) is IPAddress address)
            return Multiaddr.FromTcp(new IPEndPoint(address, port)).ToString();
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? $"/dns/{host}/tcp/{port}" : null;
    }

    private static IPAddress? HttpAddress(string host)
    {
        if (host == "localhost")
            return IPAddress.Loopback;
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');

        // IPAddress also reads "1" and "1.2" as addresses; nobody means those.
        bool plausible = bracketed ? host.Contains(':', StringComparison.Ordinal) : host.Count(c => c == '.') == 3;
        return plausible && IPAddress.TryParse(bracketed ? host[1..^1] : host, out IPAddress? address) ? address : null;
    }

    private static FormatException NotOneOf(string text, IReadOnlyCollection<string> allowed) =>
        new($"'{text}' is not one of {string.Join(", ", allowed)}{NearestName.Hint(text, allowed)}");
}
