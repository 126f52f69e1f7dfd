using System.Buffers.Binary;
using Google.Protobuf;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>The protocol of catching up on the share chain (Proto/chain.proto): its id, bounds and forms.</summary>
internal static class ChainProtocol
{
    public const string Id = "/p2p-miner/chain/1";

    /// <summary>Links of one page.</summary>
    public const int MaxLinks = 256;

    /// <summary>Ids of one request.</summary>
    public const int MaxIds = 64;

    /// <summary>Of a request, in bytes.</summary>
    public const int MaxRequestSize = 4096;

    /// <summary>Of the shares of a page, in bytes; the first one always has room.</summary>
    public const int MaxPageBytes = 256 * 1024;

    /// <summary>Of an answer, in bytes.</summary>
    public const int MaxAnswerSize = MaxPageBytes + ShareCodec.MaxSize + 4096;

    public static readonly MessageParser<ChainRequest> Requests = ChainRequest.Parser.WithDiscardUnknownFields(true);

    public static readonly MessageParser<ChainPage> Pages = ChainPage.Parser.WithDiscardUnknownFields(true);

    public static ByteString ToBytes(Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }

    public static ChainEnd EndOf(Link link)
    {
        byte[] work = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(work, link.CumulativeDifficulty);
        return new ChainEnd { Height = link.Height, Id = ToBytes(link.Id), Work = ByteString.CopyFrom(work) };
    }

    /// <summary>The shares of a page, each the child of the one before.</summary>
    /// <exception cref="ProtocolException">It is not what it should be.</exception>
    public static IReadOnlyList<Share> Read(ChainPage page)
    {
        IReadOnlyList<Share> shares = ReadLinks(page);
        for (int i = 1; i < shares.Count; i++)
        {
            if (shares[i].Header.Parent != shares[i - 1].Id)
                throw new ProtocolException("a link that does not build on the one before it");
        }
        return shares;
    }

    /// <summary>The shares of a page, in any order.</summary>
    /// <exception cref="ProtocolException">It is not what it should be.</exception>
    public static IReadOnlyList<Share> ReadLinks(ChainPage page)
    {
        if (page.Shares.Count > MaxLinks)
            throw new ProtocolException($"a page of {page.Shares.Count} links; at most {MaxLinks} are taken");
        List<Share> shares = new(page.Shares.Count);
        foreach (ByteString bytes in page.Shares)
        {
            if (!ShareCodec.TryDecode(bytes.Span, out Share? share, out ShareCodecError error))
                throw new ProtocolException($"a link that is none: {error}");
            shares.Add(share);
        }
        return shares;
    }

    /// <summary>Whether there is no room for more on a page, so that what is known already may go on on the next one.</summary>
    public static bool IsFull(ChainPage page) => page.Shares.Count == MaxLinks || page.Shares.Sum(bytes => bytes.Length) > MaxPageBytes;

    /// <summary>The end of the answerer's chain.</summary>
    /// <exception cref="ProtocolException">It is missing or malformed.</exception>
    public static ChainTip ReadTip(ChainPage page)
    {
        if (page.Tip is not { } tip || tip.Id.Length != Hash256.Size || tip.Work.Length is 0 or > 16)
            throw new ProtocolException("a page without the end of the chain");
        Span<byte> work = stackalloc byte[16];
        work.Clear();
        tip.Work.Span.CopyTo(work);
        return new ChainTip(tip.Height, new Hash256(tip.Id.Span), BinaryPrimitives.ReadUInt128LittleEndian(work));
    }
}
