using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// A block of the Monero network to be found. The template's reserved bytes are the extra nonce (8 bytes,
/// little-endian), then a 32-byte commitment to the share that the same hash may make.
/// </summary>
internal sealed class DaemonJob : Job
{
    private static long _count;

    private readonly Func<ulong, Hash256>? _commitment;

    /// <param name="template">With <see cref="TemplateRules.ReserveSize"/> reserved bytes.</param>
    /// <param name="raw">What the daemon said with the template, checked by <see cref="TemplateRules"/>.</param>
    /// <param name="shareDifficulty">At least 1; capped at the network's.</param>
    /// <param name="commitment">
    /// The share commitment for an extra nonce; equal nonces must give equal commitments, from any thread. Null commits
    /// to nothing: 32 zero bytes.
    /// </param>
    /// <exception cref="ArgumentException">Another number of reserved bytes.</exception>
    [SetsRequiredMembers]
    public DaemonJob(BlockTemplate template, DaemonTemplate raw, UInt128 shareDifficulty, Func<ulong, Hash256>? commitment)
    {
        if (template.ReservedSize != TemplateRules.ReserveSize)
            throw new ArgumentException($"expected {TemplateRules.ReserveSize} reserved bytes, got {template.ReservedSize}", nameof(template));
        Template = template;
        Raw = raw;
        _commitment = commitment;
        Number = Interlocked.Increment(ref _count);
        Id = $"daemon-{template.Height}-{Number}";
        Key = raw.SeedHash;
        NextKey = raw.NextSeedHash;
        Height = template.Height;
        NetworkDifficulty = raw.Difficulty;
        ShareDifficulty = UInt128.Min(shareDifficulty, raw.Difficulty);
    }

    public override JobSource Source => JobSource.Daemon;

    /// <summary>The member of the cluster whose daemon made the block; null for this node's own.</summary>
    public PeerId? Publisher { get; init; }

    /// <summary>Grows with every job that is made.</summary>
    public long Number { get; }

    public BlockTemplate Template { get; }

    /// <summary>What the daemon said with the template.</summary>
    public DaemonTemplate Raw { get; }

    /// <summary>The same block, to be searched for shares of another difficulty or parent.</summary>
    /// <param name="shareDifficulty">At least 1; capped at the network's.</param>
    /// <param name="commitment">See the constructor.</param>
    public DaemonJob WithShare(UInt128 shareDifficulty, Func<ulong, Hash256>? commitment) =>
        new(Template, Raw, shareDifficulty, commitment) { Publisher = Publisher };

    /// <summary>The same block, of which nothing is said of the key after it.</summary>
    public DaemonJob WithoutNextKey() =>
        NextKey is null ? this : new(Template, Raw with { NextSeedHash = null }, ShareDifficulty, _commitment) { Publisher = Publisher };

    public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset)
    {
        Span<byte> reserved = stackalloc byte[TemplateRules.ReserveSize];
        FillReserved(extraNonce, reserved);
        return Template.WriteHashingBlob(reserved, 0, destination, out nonceOffset);
    }

    /// <summary>The block that a hit makes, ready for <see cref="BlockOutbox"/>.</summary>
    /// <param name="extraNonce">The hit's.</param>
    /// <param name="nonce">The hit's.</param>
    /// <param name="foundAt">When it was found.</param>
    public FoundBlock BuildBlock(ulong extraNonce, uint nonce, DateTimeOffset foundAt)
    {
        Span<byte> reserved = stackalloc byte[TemplateRules.ReserveSize];
        FillReserved(extraNonce, reserved);
        return new FoundBlock(Template.BlockId(reserved, nonce), Height, Template.BuildBlock(reserved, nonce), foundAt, Key);
    }

    /// <summary>Writes the reserved bytes of an extra nonce.</summary>
    /// <param name="extraNonce">The hit's.</param>
    /// <param name="reserved">At least <see cref="TemplateRules.ReserveSize"/> bytes.</param>
    public void FillReserved(ulong extraNonce, Span<byte> reserved)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(reserved, extraNonce);
        (_commitment?.Invoke(extraNonce) ?? Hash256.Zero).CopyTo(reserved[sizeof(ulong)..]);
    }
}
