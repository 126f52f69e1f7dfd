using System.Text.Json;

namespace P2PMiner.Node.Configuration;

/// <summary>
/// The configuration file: one JSON object with option names in camelCase. Comments and trailing commas are allowed;
/// unknown and repeated keys are not.
/// </summary>
internal static class ConfigFile
{
    /// <summary>Far above what all options together can need, in bytes.</summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>An object with arrays in it, and room for one level too many so that the error names the key.</summary>
    private const int MaxDepth = 4;

    private const int MaxValues = 32;

    private static ReadOnlySpan<byte> Utf8ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads the values, as text, by key of the definition.</summary>
    /// <exception cref="UsageException">The file cannot be read, or its contents are not as described.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Read(string path)
    {
        byte[] contents;
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] buffer = new byte[MaxSize + 1];
            int length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            contents = buffer[..length];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot read the configuration file {path}: {error.Message}");
        }
        try
        {
            return Parse(contents);
        }
        catch (FormatException error)
        {
            throw new UsageException($"{path}: {error.Message}");
        }
    }

    /// <exception cref="FormatException">The contents are not as described.</exception>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Parse(ReadOnlyMemory<byte> contents)
    {
        if (contents.Length > MaxSize)
            throw new FormatException($"larger than {MaxSize / 1024} KiB, which no configuration needs");
        if (contents.Span.StartsWith(Utf8ByteOrderMark))
            contents = contents[Utf8ByteOrderMark.Length..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(contents, new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                AllowDuplicateProperties = false,
                CommentHandling = JsonCommentHandling.Skip,
                MaxDepth = MaxDepth,
            });
            return Values(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new FormatException($"not valid JSON: {error.Message}");
        }
        catch (InvalidOperationException error)
        {
            // Texts are decoded lazily: bad UTF-8 and unpaired surrogates surface only when they are read.
            throw new FormatException($"not valid text: {error.Message}");
        }
    }

    private static Dictionary<string, IReadOnlyList<string>> Values(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("not a JSON object; write { \"threads\": 4 } and the like");
        var values = new Dictionary<string, IReadOnlyList<string>>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            OptionDefinition definition = OptionDefinitions.All.FirstOrDefault(known => property.NameEquals(known.Key))
                ?? throw new FormatException(
                    $"unknown key \"{property.Name}\"{NearestName.Hint(property.Name, OptionDefinitions.All.Select(known => known.Key))}");
            values.Add(definition.Key, Texts(definition, property.Value));
        }
        return values;
    }

    private static IReadOnlyList<string> Texts(OptionDefinition definition, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return [Text(definition, value)];
        if (definition.Arity != OptionArity.Many)
            throw new FormatException($"\"{definition.Key}\" takes one value, not an array");
        if (value.GetArrayLength() is 0 or > MaxValues)
            throw new FormatException($"\"{definition.Key}\" takes 1 to {MaxValues} values; leave the key out for none");
        return [.. value.EnumerateArray().Select(element => Text(definition, element))];
    }

    private static string Text(OptionDefinition definition, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.True:
                return OptionText.Switch(true);
            case JsonValueKind.False:
                return OptionText.Switch(false);
            case JsonValueKind.Number:
                return value.GetRawText();
            case JsonValueKind.String:
                return value.GetString()!;
            default:
                throw new FormatException($"\"{definition.Key}\" takes a text, a number, true or false; leave the key out for its default");
        }
    }
}
