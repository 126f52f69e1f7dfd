using System.Globalization;
using System.Text.Json;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Reads the fields of one JSON object strictly. The first missing or malformed field sets <see cref="Error"/>; from
/// then on every getter returns a default, so a caller reads all fields and looks at the error once.
/// </summary>
internal sealed class DaemonFields(JsonElement json)
{
    private const int MaxTextLength = 256;

    /// <summary>One line, null when every field read so far was well-formed.</summary>
    public string? Error { get; private set; }

    /// <summary>A required number from 0 to 2^64 − 1.</summary>
    public ulong UInt64(string name)
    {
        if (Find(name, JsonValueKind.Number) is not { } value)
            return 0;
        return value.TryGetUInt64(out ulong number) ? number : Fail<ulong>(name, "is not an unsigned 64-bit integer");
    }

    public bool Boolean(string name)
    {
        if (json.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        return Fail<bool>(name, "is missing or not true or false");
    }

    /// <summary>A required string of at most 256 characters.</summary>
    public string Text(string name)
    {
        if (Find(name, JsonValueKind.String) is not { } value)
            return "";
        string text = value.GetString() ?? "";
        return text.Length <= MaxTextLength ? text : Fail<string>(name, $"is longer than {MaxTextLength} characters") ?? "";
    }

    public Hash256 Hash(string name) =>
        Hash256.TryParse(Text(name), out Hash256 hash) ? hash : Fail<Hash256>(name, "is not 64 hex digits");

    /// <summary>Null when the field is absent or an empty string.</summary>
    public Hash256? OptionalHash(string name)
    {
        if (!json.TryGetProperty(name, out JsonElement value) || (value.ValueKind == JsonValueKind.String && value.ValueEquals("")))
            return null;
        return Hash(name);
    }

    /// <summary>A required string of hex digits, as bytes.</summary>
    /// <param name="name">The field.</param>
    /// <param name="maxSize">Bytes; a longer text is refused before anything is allocated for it.</param>
    public byte[] Bytes(string name, int maxSize)
    {
        if (Find(name, JsonValueKind.String) is not { } value)
            return [];
        if (value.GetRawText().Length > 2 * maxSize + 2)
            return Fail<byte[]>(name, $"is longer than {maxSize} bytes") ?? [];
        string hex = value.GetString() ?? "";
        var bytes = new byte[hex.Length / 2];
        bool valid = hex.Length % 2 == 0
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        return valid ? bytes : Fail<byte[]>(name, "is not hex") ?? [];
    }

    /// <summary>
    /// A 128-bit difficulty, which monerod sends twice: in hex as <c>wide_difficulty</c> and in two halves as
    /// <c>difficulty</c> and <c>difficulty_top64</c>. Both have to agree, and 0 is refused.
    /// </summary>
    public UInt128 Difficulty()
    {
        UInt128 halves = new(UInt64("difficulty_top64"), UInt64("difficulty"));
        string wide = Text("wide_difficulty");
        if (Error is not null)
            return 0;
        if (!wide.StartsWith("0x", StringComparison.Ordinal)
            || !UInt128.TryParse(wide.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 difficulty))
        {
            return Fail<UInt128>("wide_difficulty", "is not a hex number of up to 128 bits");
        }
        if (difficulty != halves)
            return Fail<UInt128>("wide_difficulty", $"says {difficulty}, the other difficulty fields say {halves}");
        return difficulty == 0 ? Fail<UInt128>("difficulty", "is 0") : difficulty;
    }

    private JsonElement? Find(string name, JsonValueKind kind)
    {
        if (json.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind)
            return value;
        return Fail<JsonElement?>(name, $"is missing or not a {(kind == JsonValueKind.Number ? "number" : "string")}");
    }

    private T? Fail<T>(string name, string what)
    {
        Error ??= $"{name} {what}";
        return default;
    }
}
