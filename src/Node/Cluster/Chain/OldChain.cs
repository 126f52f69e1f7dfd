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
/// as ever, beside the chain that is here, and take its place only when they hold more work than all that is kept here. What one peer left
/// unfinished the next one goes on with, so that it is checked once. Thread-safe.
/// </summary>
/// <param name="tree">The chain that is here.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of the beginning, as it takes minutes.</param>
internal sealed class OldChain(ShareTree tree, TimeProvider time, ILogger logger)
{
    /// <summary>Beginnings that somebody has given and that are not finished; beyond it, the one that was left alone for longest goes.</summary>
    public const int MaxUnfinished = 3;

    /// <summary>How long a beginning is kept that nobody goes on with.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly List<Unfinished> _unfinished = [];

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

    /// <summary>The tree into which the links above a root go, until <see cref="End"/>.</summary>
    /// <param name="root">As a peer gives it.</param>
    /// <param name="height">Of the end of its chain, as it says.</param>
    /// <returns>Null if it cannot be a root, is of no use, or somebody else is giving its links right now.</returns>
    public ShareTree? Begin(Link root, ulong height)
    {
        lock (_lock)
        {
            Forget();
            if (root.Height <= tree.Tip.Height)
                return null;
            if (_unfinished.Find(one => one.IsFrom(root)) is { } begun)
                return begun.Take();
            if (tree.Beside(root) is not ShareTree other || !HasRoom())
                return null;
            _unfinished.Add(new Unfinished(root, other));
            logger.LogInformation("The cluster's share chain begins with link {Root} and ends with {Tip}: checking all of it", root.Height, height);
            return other;
        }
    }

    /// <summary>Changes over to a tree if it is good enough, else keeps it for the next peer that knows it.</summary>
    /// <returns>Whether its links are those of the chain now.</returns>
    public bool End(ShareTree other)
    {
        bool isAdopted = tree.TryAdopt(other);
        lock (_lock)
        {
            Unfinished one = _unfinished.Single(one => one.Tree == other);
            one.IsTaken = false;
            one.Left = time.GetTimestamp();
            if (isAdopted || other.Tip.Height - one.Root.Height >= ShareTree.KeptLinks)
                _unfinished.Remove(one);
        }
        return isAdopted;
    }

    /// <summary>Lets go of what nobody goes on with; to be called now and then.</summary>
    public void Forget()
    {
        lock (_lock)
            _unfinished.RemoveAll(one => !one.IsTaken && time.GetElapsedTime(one.Left) > Memory);
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

    private bool HasRoom()
    {
        if (_unfinished.Count < MaxUnfinished)
            return true;
        Unfinished? oldest = _unfinished.Where(one => !one.IsTaken).MinBy(one => one.Left);
        return oldest is not null && _unfinished.Remove(oldest);
    }

    private sealed class Unfinished(Link root, ShareTree tree)
    {
        public Link Root => root;

        public ShareTree Tree => tree;

        /// <summary>Whether a peer is giving its links.</summary>
        public bool IsTaken { get; set; } = true;

        /// <summary>When that ended.</summary>
        public long Left { get; set; }

        public bool IsFrom(Link other) =>
            other.Id == root.Id && other.ChildKey == root.ChildKey && other.ChildDifficulty == root.ChildDifficulty;

        public ShareTree? Take()
        {
            if (IsTaken)
                return null;
            IsTaken = true;
            return tree;
        }
    }
}
