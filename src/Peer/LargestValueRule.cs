using P2PMiner.P2P.Dht;

namespace P2PMiner.Peer;

/// <summary>Values that do not begin with the byte ff are valid, and the largest one wins, compared byte by byte.</summary>
internal sealed class LargestValueRule : IRecordValidator
{
    private const byte Invalid = 0xff;

    public bool Validate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => value.Length > 0 && value[0] != Invalid;

    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);
}
