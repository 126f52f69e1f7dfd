using System.Text.Json;
using System.Text.Unicode;

namespace P2PMiner.Peer.Commands;

/// <summary>A line of stdin that holds a JSON object.</summary>
/// <param name="Id">To be echoed; null if there was none.</param>
/// <param name="Name">Null if there was none.</param>
/// <param name="Body">All fields.</param>
internal sealed record Command(JsonElement? Id, string? Name, JsonElement Body)
{
    /// <exception cref="JsonException">No JSON object, or one without a usable id.</exception>
    public static Command Parse(byte[] line)
    {
        if (!Utf8.IsValid(line))
            throw new JsonException("not UTF-8");
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement.Clone();
            if (root.ValueKind != JsonValueKind.Object)
                throw new JsonException("not an object");
            return new Command(IdOf(root), NameOf(root), root);
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair is good JSON, but no text.
            throw new JsonException(e.Message, e);
        }
    }

    private static JsonElement? IdOf(JsonElement root)
    {
        if (!root.TryGetProperty("id", out JsonElement id))
            return null;
        if (id.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            throw new JsonException("'id' is no scalar");
        if (id.ValueKind == JsonValueKind.String)
            id.GetString();
        return id;
    }

    private static string? NameOf(JsonElement root) =>
        root.TryGetProperty("cmd", out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
}
