using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Joins a chain whose beginning nobody keeps any more. Its oldest link has to be believed; all links above it are checked
/// as ever, beside the chain that is here, and take its place only when they hold more work than all that is kept here.
/// </summary>
/// <param name="tree">The chain that is here.</param>
/// <param name="logger">Told of the beginning, as it takes minutes.</param>
internal sealed class OldChain(ShareTree tree, ILogger logger)
{
    /// <summary>The oldest link that is kept, for those who share none with us.</summary>
    public static ChainRoot RootOf(Link root)
    {
        byte[] difficulty = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(difficulty, root.ChildDifficulty);
        return new ChainRoot
        {
            Share = ByteString.CopyFrom(ShareCodec.Encode(root.Share)),
            ChildKey = ChainProtocol.ToBytes(root.ChildKey),
            ChildDifficulty = ByteString.CopyFrom(difficulty),
        };
    }

    /// <summary>Takes the rest of a chain that begins with a root.</summary>
    /// <param name="client">Where the first page came from.</param>
    /// <param name="first">With a root.</param>
    /// <param name="intake">Checks links.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The number of links; 0 if what is here stays.</returns>
    /// <exception cref="IOException">The stream broke, or the protocol is broken.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task<int> TakeAsync(ChainClient client, ChainPage first, LinkIntake intake, CancellationToken cancellation)
    {
        Link root = ReadRoot(first.Root);
        if (root.Height <= tree.Tip.Height || tree.Beside(root) is not ShareTree other)
            return 0;
        logger.LogInformation(
            "The cluster's share chain begins with link {Root} and ends with {Tip}: checking all of it", root.Height, ChainProtocol.ReadTip(first).Height);
        int taken = 0;
        for (ChainPage? page = first; page is not null && page.Shares.Count > 0;)
        {
            IReadOnlyList<Share> shares = ChainProtocol.Read(page);
            IReadOnlyList<Share> uncles = await UncleFetch.FetchAsync(client, other, shares, cancellation);
            int added = await intake.TakeAsync(other, shares, uncles, cancellation);
            taken += added;
            if (added < shares.Count || other.Count >= ShareTree.MaxLinks)
                break;
            page = await client.AskAfterAsync([other.Tip.Id], cancellation);
            if (page?.Root is not null)
                break;
        }
        return tree.TryAdopt(other) ? taken : 0;
    }

    /// <exception cref="ProtocolException">It is none.</exception>
    internal static Link ReadRoot(ChainRoot root)
    {
        if (!ShareCodec.TryDecode(root.Share.Span, out Share? share, out ShareCodecError error))
            throw new ProtocolException($"a root that is none: {error}");
        if (root.ChildKey.Length != Hash256.Size || root.ChildDifficulty.Length != 16)
            throw new ProtocolException("a root without what its children need");
        UInt128 difficulty = BinaryPrimitives.ReadUInt128LittleEndian(root.ChildDifficulty.Span);
        return difficulty >= LinkDifficulty.Minimum && difficulty <= LinkDifficulty.Maximum
            ? new Link(share, new Hash256(root.ChildKey.Span), difficulty)
            : throw new ProtocolException("a root whose children have no possible difficulty");
    }
}
