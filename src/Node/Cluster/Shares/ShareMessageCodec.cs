using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>Shares as they travel by gossip (Proto/share.proto).</summary>
internal static class ShareMessageCodec
{
    /// <summary>The longest message, in bytes: a share with its tag and length.</summary>
    public const int MaxSize = ShareCodec.MaxSize + 8;

    private static readonly MessageParser<ShareMessage> Parser = ShareMessage.Parser.WithDiscardUnknownFields(true);

    public static byte[] Encode(Share share) => new ShareMessage { Share = ByteString.CopyFrom(ShareCodec.Encode(share)) }.ToByteArray();

    /// <summary>Reads a message of any origin; false when it is not exactly a share.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Share? share)
    {
        share = null;
        if (bytes.Length > MaxSize)
            return false;
        try
        {
            return ShareCodec.TryDecode(Parser.ParseFrom(bytes).Share.Span, out share, out _);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
