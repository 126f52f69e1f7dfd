using System.Text;
using P2PMiner.P2P.Dht.Wire;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>Which values may be stored: those whose key names a namespace that has a validator, and that it finds valid.</summary>
internal sealed class RecordRules(IReadOnlyDictionary<string, IRecordValidator> validators)
{
    /// <summary>The validator for a key "/namespace/rest", or null if there is none.</summary>
    internal IRecordValidator? ValidatorOf(ReadOnlySpan<byte> key)
    {
        if (key.Length > WireLimits.MaxKeySize || !key.StartsWith("/"u8))
            return null;
        int end = key[1..].IndexOf((byte)'/');
        return end < 1 ? null : validators.GetValueOrDefault(Encoding.UTF8.GetString(key.Slice(1, end)));
    }

    /// <summary>The validator of a key if it finds the value valid, else null.</summary>
    internal IRecordValidator? Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        value.Length <= WireLimits.MaxValueSize && ValidatorOf(key) is IRecordValidator validator && validator.Validate(key, value)
            ? validator
            : null;
}
