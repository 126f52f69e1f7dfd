using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>Where a Monero daemon's RPC listens and how to log in: one <c>--daemon</c> value, parsed.</summary>
internal sealed class DaemonEndpoint
{
    /// <summary>monerod's mainnet RPC port (monero-project/monero, src/cryptonote_config.h, <c>RPC_DEFAULT_PORT</c>).</summary>
    public const int DefaultPort = 18081;

    /// <summary>The port that users of P2Pool give to monerod's <c>--zmq-pub</c>; monerod itself has no default.</summary>
    public const int ConventionalZmqPort = 18083;

    private const int MaxLength = 1024;

    private DaemonEndpoint(Uri uri, NetworkCredential? login)
    {
        var builder = new UriBuilder(uri.Scheme, uri.Host, uri.Port);
        Name = builder.Uri.GetLeftPart(UriPartial.Authority);
        if (uri.IsDefaultPort)
            Name += $":{uri.Port}";
        builder.Path = "/json_rpc";
        RpcUri = builder.Uri;
        ConventionalZmqAddress = $"tcp://{uri.Host}:{ConventionalZmqPort}";
        Login = login;
    }

    /// <summary>Scheme, host and port, without credentials: safe to show.</summary>
    public string Name { get; }

    /// <summary>The JSON-RPC address, without credentials.</summary>
    public Uri RpcUri { get; }

    /// <summary>For HTTP digest authentication; null when the address names no user.</summary>
    public NetworkCredential? Login { get; }

    /// <summary>Where the same host would publish its blocks if its owner kept to the convention.</summary>
    public string ConventionalZmqAddress { get; }

    /// <summary>
    /// Parses <c>[http[s]://][user:password@]host[:port]</c>. Without a scheme it is http, without a port
    /// <see cref="DefaultPort"/>.
    /// </summary>
    /// <param name="text">The option's value.</param>
    /// <param name="endpoint">Set on success.</param>
    /// <param name="error">One line that never repeats a password; empty on success.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out DaemonEndpoint? endpoint, out string error)
    {
        endpoint = null;
        string shown = text.Contains('@') ? "the daemon address" : $"daemon address '{text}'";
        string full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (text.Length > MaxLength || !Uri.TryCreate(full, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
            error = $"{(text.Length > MaxLength ? "the daemon address" : shown)} is not a URL: write http://host:{DefaultPort}";
        else if (uri.Scheme is not ("http" or "https"))
            error = $"{shown} must begin with http:// or https://";
        else if (uri.AbsolutePath is not ("/" or "/json_rpc") || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            error = $"{shown} must end after the port: write {uri.Scheme}://{uri.Host}:{uri.Port}";
        else if (!TryReadLogin(uri.UserInfo, out NetworkCredential? login))
            error = "the daemon address names a user without a password: write http://user:password@host:port";
        else
        {
            error = "";
            endpoint = new DaemonEndpoint(HasPort(full) ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri, login);
        }
        return endpoint is not null;
    }

    private static bool TryReadLogin(string userInfo, out NetworkCredential? login)
    {
        login = null;
        if (userInfo.Length == 0)
            return true;
        int colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || colon == userInfo.Length - 1)
            return false;
        login = new NetworkCredential(Uri.UnescapeDataString(userInfo[..colon]), Uri.UnescapeDataString(userInfo[(colon + 1)..]));
        return true;
    }

    /// <summary>Uri fills in the scheme's own default, so a port that was written has to be looked for in the text.</summary>
    private static bool HasPort(string url)
    {
        int start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        int end = url.IndexOf('/', start);
        string authority = end < 0 ? url[start..] : url[start..end];
        int colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf('@') && colon > authority.LastIndexOf(']');
    }
}
