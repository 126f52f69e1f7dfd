using System.Text.Json;

namespace P2PMiner.Interop.Tests.Driver;

/// <summary>Short names for what tests ask of events and results. A missing field reads as empty, so that an assertion names it.</summary>
internal static class JsonElementExtensions
{
    public static string Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";

    public static string[] Texts(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(one => one.ToString())]
            : [];

    public static double Number(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;

    public static bool Flag(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    public static JsonElement[] Items(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];
}
