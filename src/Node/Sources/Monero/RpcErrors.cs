using System.Net;
using System.Text.Json;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>How a daemon says no, by HTTP status, JSON-RPC error or <c>status</c> field, and what that means here.</summary>
internal static class RpcErrors
{
    /// <summary>"Wrong block blob" (monero-project/monero, src/rpc/core_rpc_server_error_codes.h).</summary>
    public const long WrongBlockBlob = -6;

    /// <summary>"Block not accepted" (same file).</summary>
    public const long BlockNotAccepted = -7;

    /// <summary>"Core is busy": not synchronised (same file).</summary>
    public const long CoreBusy = -9;

    /// <summary>The size of the block does not fit (same file).</summary>
    public const long WrongBlockBlobSize = -10;

    /// <summary>The call is not for restricted RPC (same file).</summary>
    public const long RestrictedCall = -19;

    /// <summary>The call does not exist, which is also how monerod's restricted RPC hides calls (JSON-RPC 2.0, section 5.1).</summary>
    public const long MethodNotFound = -32601;

    private const int MaxMessageLength = 160;

    /// <summary>Null for 200.</summary>
    /// <param name="status">The answer's.</param>
    /// <param name="loggedIn">Whether the daemon's address carried a user and password.</param>
    public static DaemonError? FromHttpStatus(HttpStatusCode status, bool loggedIn) => status switch
    {
        HttpStatusCode.OK => null,
        HttpStatusCode.Unauthorized => new DaemonError(
            DaemonFault.Unauthorized,
            loggedIn
                ? "it refuses the user name or password: compare them with its --rpc-login"
                : "it asks for a login: write http://user:password@host:port as its --rpc-login has it"),
        HttpStatusCode.Forbidden => new DaemonError(DaemonFault.Restricted, "it forbids this call (HTTP 403)"),
        _ => new DaemonError(DaemonFault.BadAnswer, $"it answers with HTTP status {(int)status}; is this the address of a monerod?"),
    };

    /// <summary>The meaning of a JSON-RPC <c>error</c> object.</summary>
    public static DaemonError FromError(JsonElement error)
    {
        long code = error.TryGetProperty("code", out JsonElement number)
            && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt64(out long value) ? value : 0;
        string message = error.TryGetProperty("message", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? OneLine(text.GetString() ?? "")
            : "no message";
        return code switch
        {
            CoreBusy => new DaemonError(DaemonFault.Busy, "it is busy or still synchronising", code),
            MethodNotFound or RestrictedCall => new DaemonError(
                DaemonFault.Restricted, $"it does not offer a call that mining needs ({message}): use its unrestricted RPC port", code),
            _ => new DaemonError(DaemonFault.RpcError, $"it reports error {code}: {message}", code),
        };
    }

    /// <summary>Null when the result's <c>status</c> is OK.</summary>
    public static DaemonError? FromStatus(JsonElement result)
    {
        if (!result.TryGetProperty("status", out JsonElement json) || json.ValueKind != JsonValueKind.String)
            return new DaemonError(DaemonFault.BadAnswer, "its answer has no status");
        string status = json.GetString() ?? "";
        return status switch
        {
            "OK" => null,
            "BUSY" => new DaemonError(DaemonFault.Busy, "it is busy or still synchronising"),
            _ => new DaemonError(DaemonFault.RpcError, $"it reports status {OneLine(status)}"),
        };
    }

    /// <summary>Foreign text made fit for a log line: control characters replaced, cut after 160 characters.</summary>
    public static string OneLine(string text)
    {
        string cut = text.Length > MaxMessageLength ? $"{text[..MaxMessageLength]}…" : text;
        return string.Create(cut.Length, cut, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
                target[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
    }
}
