using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Bench;

/// <summary>A job that no hash meets, so that nothing but hashing is measured.</summary>
internal sealed class BenchJob : Job
{
    public override JobSource Source => JobSource.Chain;

    public static BenchJob Of(Hash256 key, int number) => new()
    {
        Id = $"bench-{number}",
        Key = key,
        Height = (ulong)number,
        ShareDifficulty = UInt128.MaxValue,
        NetworkDifficulty = UInt128.MaxValue,
    };

    public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset) =>
        new HashingBlob(16, 16, extraNonce, Hash256.Zero, Hash256.Zero, Height).Write(0, destination, out nonceOffset);
}
