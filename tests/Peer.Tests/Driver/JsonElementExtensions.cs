using System.Text.Json;

namespace P2PMiner.Peer.Tests.Driver;

/// <summary>Short names for what tests ask of lines.</summary>
internal static class JsonElementExtensions
{
    public static string? Ev(this JsonElement line) => line.Text("ev");

    /// <summary>Null if there is no such text.</summary>
    public static string? Text(this JsonElement line, string name) =>
        line.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Throws if it is missing or no list.</summary>
    public static string[] Texts(this JsonElement line, string name) =>
        [.. line.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];

    public static bool IsOk(this JsonElement result) => result.GetProperty("ok").GetBoolean();

    public static bool IsResultOf(this JsonElement line, int id) =>
        line.Ev() == "result" && line.TryGetProperty("id", out JsonElement value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out int number) && number == id;
}
