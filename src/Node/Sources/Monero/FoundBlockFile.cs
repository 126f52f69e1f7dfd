using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// A found block in a file: one JSON object that a person can read and hand to <c>submit_block</c> himself.
/// <code>
/// { "height": 3, "id": hex, "foundAt": ISO 8601, "key"?: RandomX key in hex, "work"?: decimal, "keccak": Keccak-256 of the blob in hex, "blob": hex, "reason"? }
/// </code>
/// </summary>
internal static class FoundBlockFile
{
    /// <summary>The longest file that is read, in bytes: the hex of the largest block, and room for the rest.</summary>
    public const int MaxSize = 2 * BlockTemplate.MaxSize + 4096;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 2, AllowDuplicateProperties = false };

    /// <param name="block">What to write.</param>
    /// <param name="reason">Why it was rejected; null when it was not.</param>
    public static byte[] Encode(FoundBlock block, string? reason)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("height", block.Height);
        json.WriteString("id", block.Id.ToString());
        json.WriteString("foundAt", block.FoundAt.ToString("O", CultureInfo.InvariantCulture));
        if (block.Key is Hash256 key)
            json.WriteString("key", key.ToString());
        if (block.Work is UInt128 work)
            json.WriteString("work", work.ToString(CultureInfo.InvariantCulture));
        if (reason is not null)
            json.WriteString("reason", reason);
        json.WriteString("keccak", Keccak256.Hash(block.Blob).ToString());
        json.WriteString("blob", Convert.ToHexStringLower(block.Blob));
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>False with one line of what is damaged.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> file, [NotNullWhen(true)] out FoundBlock? block, out string error)
    {
        block = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(file, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                error = "not a JSON object";
                return false;
            }
            block = Read(document.RootElement, out string? problem);
            error = problem ?? "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            error = "not JSON";
        }
        return block is not null;
    }

    /// <summary>It only says which of many blocks goes first, so that a block is not given up for it.</summary>
    private static UInt128? WorkOf(string? text) =>
        UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out UInt128 work) ? work : null;

    private static FoundBlock? Read(JsonElement json, out string? error)
    {
        var fields = new DaemonFields(json);
        ulong height = fields.UInt64("height");
        Hash256 id = fields.Hash("id");
        string foundAt = fields.Text("foundAt");
        Hash256? key = json.TryGetProperty("key", out _) ? fields.Hash("key") : null;
        string? work = json.TryGetProperty("work", out _) ? fields.Text("work") : null;
        Hash256 checksum = fields.Hash("keccak");
        byte[] blob = fields.Bytes("blob", BlockTemplate.MaxSize);
        error = fields.Error;
        if (error is not null)
            return null;
        if (!DateTimeOffset.TryParseExact(foundAt, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time))
            error = "foundAt is not a time";
        else if (Keccak256.Hash(blob) != checksum)
            error = "the blob does not match its checksum";
        return error is null ? new FoundBlock(id, height, blob, time, key, WorkOf(work)) : null;
    }
}
