using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Cluster.Jobs;

/// <summary>
/// What travels on the jobs topic, in bytes (Proto/job.proto). Reading checks sizes and form; what the content is worth, say
/// <see cref="JobRules"/> and <see cref="Blocks.BlockGossip"/>.
/// </summary>
internal static class WorkCodec
{
    /// <summary>
    /// The largest block that travels, in bytes: 7,600 transactions, ten times what the fullest Monero blocks have. Beyond it
    /// only the node whose daemon it comes from mines it.
    /// </summary>
    public const int MaxBlockSize = 240 * 1024;

    /// <summary>The longest message, in bytes.</summary>
    public const int MaxSize = MaxBlockSize + 1024;

    /// <summary>The longest reason of a fate, in characters.</summary>
    public const int MaxReasonLength = 200;

    private const int MaxDifficultySize = 16;

    private static readonly MessageParser<WorkMessage> Parser = WorkMessage.Parser.WithDiscardUnknownFields(true);

    /// <summary>Null for a template that is too large to travel.</summary>
    public static byte[]? Encode(DaemonTemplate template)
    {
        if (template.Blob.Length > MaxBlockSize)
            return null;
        byte[] difficulty = new byte[MaxDifficultySize];
        BinaryPrimitives.WriteUInt128LittleEndian(difficulty, template.Difficulty);
        JobMessage job = new()
        {
            Template = ByteString.CopyFrom(template.Blob),
            HashingBlob = ByteString.CopyFrom(template.HashingBlob),
            Key = ToBytes(template.SeedHash),
            NextKey = template.NextSeedHash is Hash256 next ? ToBytes(next) : ByteString.Empty,
            Difficulty = ByteString.CopyFrom(difficulty.AsSpan().TrimEnd((byte)0)),
        };
        return new WorkMessage { Job = job }.ToByteArray();
    }

    /// <summary>Null for a block that is too large to travel.</summary>
    public static byte[]? Encode(TravellingBlock block)
    {
        if (block.Blob.Length > MaxBlockSize)
            return null;
        BlockMessage message = new() { Blob = UnsafeByteOperations.UnsafeWrap(block.Blob), Key = ToBytes(block.Key) };
        return new WorkMessage { Block = message }.ToByteArray();
    }

    public static byte[] Encode(BlockFate fate)
    {
        string reason = new([.. fate.Reason.Where(IsPrintable).Take(MaxReasonLength)]);
        return new WorkMessage { Fate = new FateMessage { Id = ToBytes(fate.Id), Accepted = fate.IsAccepted, Reason = reason } }.ToByteArray();
    }

    /// <summary>Reads a message of any origin: a <see cref="DaemonTemplate"/>, a <see cref="TravellingBlock"/> or a <see cref="BlockFate"/>.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out object? content)
    {
        content = null;
        if (bytes.Length > MaxSize)
            return false;
        try
        {
            WorkMessage message = Parser.ParseFrom(bytes);
            content = message.ContentCase switch
            {
                WorkMessage.ContentOneofCase.Job => ReadJob(message.Job),
                WorkMessage.ContentOneofCase.Block => ReadBlock(message.Block),
                WorkMessage.ContentOneofCase.Fate => ReadFate(message.Fate),
                _ => null,
            };
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
        return content is not null;
    }

    /// <summary>Height, seed height and parent are left to <see cref="JobRules"/>, which finds them in the template.</summary>
    private static DaemonTemplate? ReadJob(JobMessage job)
    {
        if (job.Template.Length is 0 or > MaxBlockSize
            || job.HashingBlob.Length is 0 or > HashingBlob.MaxSize
            || job.Key.Length != Hash256.Size
            || job.NextKey.Length is not (0 or Hash256.Size)
            || job.Difficulty.Length is 0 or > MaxDifficultySize)
        {
            return null;
        }
        Span<byte> difficulty = stackalloc byte[MaxDifficultySize];
        difficulty.Clear();
        job.Difficulty.Span.CopyTo(difficulty);
        return new DaemonTemplate(
            job.Template.ToByteArray(), job.HashingBlob.ToByteArray(), ReservedOffset: 0, Height: 0, Hash256.Zero,
            BinaryPrimitives.ReadUInt128LittleEndian(difficulty), ExpectedReward: 0, new Hash256(job.Key.Span), SeedHeight: 0,
            job.NextKey.IsEmpty ? null : new Hash256(job.NextKey.Span), Untrusted: true);
    }

    private static TravellingBlock? ReadBlock(BlockMessage block) =>
        block.Blob.Length is > 0 and <= MaxBlockSize && block.Key.Length == Hash256.Size
            ? new TravellingBlock(block.Blob.ToByteArray(), new Hash256(block.Key.Span))
            : null;

    private static BlockFate? ReadFate(FateMessage fate) =>
        fate.Id.Length == Hash256.Size && fate.Reason.Length <= MaxReasonLength && fate.Reason.All(IsPrintable)
            ? new BlockFate(new Hash256(fate.Id.Span), fate.Accepted, fate.Reason)
            : null;

    private static bool IsPrintable(char c) => c is >= ' ' and <= '~';

    private static ByteString ToBytes(Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }
}

/// <summary>A found block on its way to the daemons.</summary>
/// <param name="Blob">The whole block as <c>submit_block</c> takes it, before hex.</param>
/// <param name="Key">Its RandomX key.</param>
internal sealed record TravellingBlock(byte[] Blob, Hash256 Key);

/// <summary>What a member's daemon made of a block.</summary>
/// <param name="Id">The block.</param>
/// <param name="IsAccepted">Whether it is on the daemon's main chain; otherwise it is not taken.</param>
/// <param name="Reason">One line.</param>
internal sealed record BlockFate(Hash256 Id, bool IsAccepted, string Reason);
