namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>A part of a buffer; <c>default</c> is a field that is not there, which differs from an empty one.</summary>
internal readonly struct Slice(int start, int length)
{
    private readonly int _lengthPlusOne = length + 1;

    internal int Start { get; } = start;

    internal int Length => Math.Max(0, _lengthPlusOne - 1);

    internal bool IsPresent => _lengthPlusOne > 0;

    internal ReadOnlySpan<byte> Of(ReadOnlySpan<byte> buffer) => buffer.Slice(Start, Length);

    internal ReadOnlyMemory<byte> MemoryOf(byte[] buffer) => buffer.AsMemory(Start, Length);
}
