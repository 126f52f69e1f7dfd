using System.Buffers.Binary;
using System.Text;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>A pubsub message, right unless the test says otherwise (libp2p/specs, pubsub/README.md).</summary>
internal sealed record RawMessage(Ed25519KeyPair Author, string Topic, byte[] Data)
{
    private static ulong _lastSeqno = (ulong)DateTimeOffset.UnixEpoch.AddYears(60).Ticks;

    /// <summary>Null leaves the field out.</summary>
    public byte[]? From { get; init; } = Author.ToPublicKey().ToPeerId().Bytes.ToArray();

    public byte[]? Seqno { get; init; } = NextSeqno();

    public byte[]? Key { get; init; } = Author.ToPublicKey().Encoded.ToArray();

    public Func<byte[], byte[]?> Signature { get; init; } = content => Author.Sign(content);

    public byte[] Encode()
    {
        byte[] content =
        [
            .. Optional(1, From), .. Proto.Bytes(2, Data), .. Optional(3, Seqno), .. Proto.Text(4, Topic),
        ];
        return [.. content, .. Optional(5, Signature([.. "libp2p-pubsub:"u8, .. content])), .. Optional(6, Key)];
    }

    /// <summary>An RPC with these messages and nothing else.</summary>
    public static byte[] Rpc(params RawMessage[] messages) => [.. messages.SelectMany(message => Proto.Bytes(2, message.Encode()))];

    public static byte[] Subscribe(string topic) => Proto.Bytes(1, [.. Proto.Number(1, 1), .. Proto.Text(2, topic)]);

    public static byte[] Graft(string topic) => Proto.Bytes(3, Proto.Bytes(3, Proto.Text(1, topic)));

    public static byte[] IHave(string topic, IEnumerable<byte[]> ids) =>
        Proto.Bytes(3, Proto.Bytes(1, [.. Proto.Text(1, topic), .. ids.SelectMany(id => Proto.Bytes(2, id))]));

    public static byte[] IWant(IEnumerable<byte[]> ids) => Proto.Bytes(3, Proto.Bytes(2, [.. ids.SelectMany(id => Proto.Bytes(1, id))]));

    public static byte[] Id(int number) => Encoding.ASCII.GetBytes($"no message has the id {number}");

    private static byte[] Optional(int field, byte[]? value) => value is null ? [] : Proto.Bytes(field, value);

    private static byte[] NextSeqno()
    {
        byte[] seqno = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(seqno, Interlocked.Increment(ref _lastSeqno));
        return seqno;
    }
}
