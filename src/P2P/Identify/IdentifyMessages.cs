using Google.Protobuf;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Identify;

/// <summary>Identify messages on the wire: each with its length in front, several of them one after the other meaning their merger.</summary>
internal static class IdentifyMessages
{
    private static readonly MessageParser<Proto.Identify> Parser = Proto.Identify.Parser.WithDiscardUnknownFields(true);

    /// <summary>Reads to the end of the remote's side.</summary>
    /// <exception cref="ProtocolException">Too large, too many, or no protobuf.</exception>
    /// <exception cref="EndOfStreamException">Cut off.</exception>
    internal static async Task<Proto.Identify> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        Proto.Identify merged = new();
        for (int count = 0; ; count++)
        {
            using PooledMessage? message = await LengthPrefixed.ReadAsync(stream, IdentifyProtocol.MaxMessageSize, cancellation).ConfigureAwait(false);
            if (message is not { } bytes)
                return count > 0 ? merged : throw new ProtocolException("no identify message");
            if (count == IdentifyProtocol.MaxMessages)
                throw new ProtocolException($"more than {IdentifyProtocol.MaxMessages} messages");
            merged.MergeFrom(Parse(bytes.Span));
        }
    }

    /// <exception cref="ProtocolException">No protobuf.</exception>
    internal static Proto.Identify Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            return Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ProtocolException($"no identify message: {e.Message}");
        }
    }

    /// <summary>Our own description, framed: one message, or more if the protocols do not fit into the first.</summary>
    internal static byte[] Encode(LocalDescription local, Multiaddr? observed)
    {
        Proto.Identify message = new()
        {
            PublicKey = ByteString.CopyFrom(local.Key.Encoded),
            ProtocolVersion = IdentifyProtocol.ProtocolVersion,
            AgentVersion = local.AgentVersion,
            SignedPeerRecord = ByteString.CopyFrom(local.SignedRecord),
        };
        if (observed is not null)
            message.ObservedAddr = ByteString.CopyFrom(observed.Bytes.Span);
        message.ListenAddrs.AddRange(local.Addresses.Select(static address => ByteString.CopyFrom(address.Bytes.Span)));
        using MemoryStream output = new();
        foreach (string protocol in local.Protocols)
        {
            message.Protocols.Add(protocol);
            if (message.CalculateSize() <= IdentifyProtocol.MaxOwnMessageSize)
                continue;
            message.Protocols.RemoveAt(message.Protocols.Count - 1);
            message.WriteDelimitedTo(output);
            message = new Proto.Identify { Protocols = { protocol } };
        }
        message.WriteDelimitedTo(output);
        return output.ToArray();
    }
}
