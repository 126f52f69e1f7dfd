using System.Security.Cryptography;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Makes the id of a message (libp2p/specs, pubsub/README.md, "Message Identification"). All peers of a topic must use the same function, or duplicates are not recognised and gossip is in vain.
/// </summary>
/// <param name="message">Its fields.</param>
/// <param name="destination">Room for <see cref="MessageId.MaxSize"/> bytes.</param>
/// <returns>The number of bytes written, at least 1.</returns>
public delegate int MessageIdFunction(MessageFields message, Span<byte> destination);

/// <summary>The functions in use.</summary>
public static class MessageId
{
    /// <summary>The longest id in bytes; peers that announce longer ones are not answered.</summary>
    public const int MaxSize = 256;

    /// <summary>Author, then sequence number, both as they are on the wire (libp2p/specs, pubsub/README.md, "Message Identification").</summary>
    public static int Specification(MessageFields message, Span<byte> destination) =>
        Concatenate(message.From, message.SequenceNumber, destination);

    /// <summary>What js-libp2p does unless told otherwise: the author's public key as protobuf, then the sequence number.</summary>
    public static int JsLibp2p(MessageFields message, Span<byte> destination) =>
        Concatenate(message.Key, message.SequenceNumber, destination);

    /// <summary>SHA-256 of the data: the choice for messages that are not signed.</summary>
    public static int Content(MessageFields message, Span<byte> destination) => SHA256.HashData(message.Data, destination);

    private static int Concatenate(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        first.CopyTo(destination);
        second.CopyTo(destination[first.Length..]);
        return first.Length + second.Length;
    }
}
