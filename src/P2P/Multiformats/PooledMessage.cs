using System.Buffers;

namespace P2PMiner.P2P.Multiformats;

/// <summary>A message in memory of the shared pool. Whoever gets it disposes it, once, and then uses it no more.</summary>
internal readonly struct PooledMessage(byte[] rented, int length) : IDisposable
{
    internal ReadOnlyMemory<byte> Memory => rented.AsMemory(0, length);

    internal ReadOnlySpan<byte> Span => rented.AsSpan(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(rented);
}
