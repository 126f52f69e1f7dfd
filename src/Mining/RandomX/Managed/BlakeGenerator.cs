using System.Buffers.Binary;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The random numbers that superscalar programs are made of (specification, chapter 3.5).</summary>
internal sealed class BlakeGenerator
{
    private const int MaxSeedSize = 60;

    private readonly byte[] _state = new byte[64];
    private int _used = 64;

    /// <param name="seed">At most 60 bytes.</param>
    public BlakeGenerator(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seed.Length, MaxSeedSize);
        seed.CopyTo(_state);
    }

    public byte NextByte() => Take(1)[0];

    public uint NextUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_used + count > _state.Length)
        {
            Blake2b.Hash(_state, _state);
            _used = 0;
        }
        _used += count;
        return _state.AsSpan(_used - count, count);
    }
}
