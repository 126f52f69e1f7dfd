using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace P2PMiner.Node.Api.Live;

/// <summary>Server-sent events in bytes (WHATWG HTML, "Server-sent events": event and data lines, an empty line at the end).</summary>
internal static class EventFrame
{
    /// <summary>On one line, as a data line must be.</summary>
    private static readonly NodeJson Json = new(new JsonSerializerOptions(NodeJson.Default.Options) { WriteIndented = false });

    /// <summary>The begin of a stream: how long a client should wait before it connects again, in milliseconds.</summary>
    public static byte[] Retry(TimeSpan wait) => Encoding.UTF8.GetBytes($"retry: {(long)wait.TotalMilliseconds}\n\n");

    /// <param name="name">Of the event.</param>
    /// <param name="body">Its data.</param>
    public static byte[] Of<T>(string name, T body)
    {
        var type = (JsonTypeInfo<T>)Json.GetTypeInfo(typeof(T))!;
        byte[] data = JsonSerializer.SerializeToUtf8Bytes(body, type);
        return [.. "event: "u8, .. Encoding.UTF8.GetBytes(name), .. "\ndata: "u8, .. data, .. "\n\n"u8];
    }
}
