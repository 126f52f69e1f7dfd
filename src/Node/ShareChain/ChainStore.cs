using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// Keeps a share chain in <c>DATA-DIR/chain/GENESIS.log</c>, a file per cluster: loads it into the tree, then appends
/// every link that is added. Links are with the operating system before <see cref="ShareTree.Add"/> returns and on the
/// disk at most <see cref="FlushInterval"/> later. The file is written anew without the pruned links when it has grown
/// to twice its size and at least <see cref="MinCompactionSize"/>.
/// </summary>
internal sealed class ChainStore : IDisposable
{
    /// <summary>A power failure costs the links of this time at most.</summary>
    public static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(5);

    /// <summary>Smaller files are never compacted, in bytes; about 45,000 embedded links, five days.</summary>
    public const long MinCompactionSize = 8 << 20;

    // Record payloads: a kind byte, then for a link its share, for a root the children's key and difficulty and its share.
    private const byte LinkRecord = 0;
    private const byte RootRecord = 1;
    private const int RootShareOffset = 1 + Hash256.Size + 16;

    private readonly DataDirectoryLock _directoryLock;
    private readonly ShareTree _tree;
    private readonly ILogger _logger;
    private readonly ShareLog _log;
    private readonly ITimer _flushTimer;
    private long _compactedSize;
    private bool _incomplete;

    private ChainStore(DataDirectoryLock directoryLock, string path, ShareTree tree, TimeProvider time, ILogger logger)
    {
        _directoryLock = directoryLock;
        _tree = tree;
        _logger = logger;
        _log = ShareLog.Open(path, tree.GenesisId, TryRestore, logger);
        tree.Added += Append;
        tree.Replaced += Rewrite;
        _flushTimer = time.CreateTimer(_ => Flush(), state: null, FlushInterval, FlushInterval);
    }

    /// <summary>Loads the chain of <paramref name="tree"/>'s genesis link into it, and stores what is added from now on.</summary>
    /// <param name="dataDirectory">Created when missing, and locked until this is disposed.</param>
    /// <param name="tree">A tree with nothing but its genesis link.</param>
    /// <param name="time">For the flush timer.</param>
    /// <param name="logger">Hears of damage and of failures to write.</param>
    /// <exception cref="IOException">Another process uses the directory, or it cannot be written; one line for the user.</exception>
    public static ChainStore Open(string dataDirectory, ShareTree tree, TimeProvider time, ILogger logger)
    {
        DataDirectoryLock directoryLock = DataDirectoryLock.Acquire(dataDirectory);
        try
        {
            string directory = Path.Combine(dataDirectory, "chain");
            Directory.CreateDirectory(directory);
            OldLogs.SetAside(directory, logger);
            return new ChainStore(directoryLock, Path.Combine(directory, $"{tree.GenesisId}.log"), tree, time, logger);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>Flushes, closes the file and gives the data directory free. Links added later are not stored.</summary>
    public void Dispose()
    {
        _tree.Added -= Append;
        _tree.Replaced -= Rewrite;
        _flushTimer.Dispose();
        Flush();
        _log.Dispose();
        _directoryLock.Dispose();
    }

    private bool TryRestore(ReadOnlySpan<byte> payload) => payload[0] switch
    {
        LinkRecord => ShareCodec.TryDecode(payload[1..], out Share? share, out _) && IsKnownAfter(_tree.Restore(share)),
        RootRecord => TryReadRoot(payload, out Link? root) && _tree.TryRestoreRoot(root!),
        _ => false,
    };

    /// <summary>A link below the root is one that was pruned in memory while it stayed in the file.</summary>
    private static bool IsKnownAfter(AddResult result) =>
        result.Status is AddStatus.Added or AddStatus.Duplicate || result.Fault == ShareFault.BelowRoot;

    private static bool TryReadRoot(ReadOnlySpan<byte> payload, out Link? root)
    {
        root = null;
        if (payload.Length < RootShareOffset || !ShareCodec.TryDecode(payload[RootShareOffset..], out Share? share, out _))
            return false;
        UInt128 childDifficulty = BinaryPrimitives.ReadUInt128LittleEndian(payload[(1 + Hash256.Size)..]);
        if (childDifficulty < LinkDifficulty.Minimum || childDifficulty > LinkDifficulty.Maximum)
            return false;
        root = new Link(share, new Hash256(payload.Slice(1, Hash256.Size)), childDifficulty);
        return true;
    }

    private byte[] Record(Link link)
    {
        byte[] share = ShareCodec.Encode(link.Share);
        if (link.Parent is not null || link.Id == _tree.GenesisId)
            return [LinkRecord, .. share];
        var record = new byte[RootShareOffset + share.Length];
        record[0] = RootRecord;
        link.ChildKey.CopyTo(record.AsSpan(1));
        BinaryPrimitives.WriteUInt128LittleEndian(record.AsSpan(1 + Hash256.Size), link.ChildDifficulty);
        share.CopyTo(record, RootShareOffset);
        return record;
    }

    /// <summary>Runs under the tree's lock, so that links reach the file in the order of addition.</summary>
    private void Append(Link link)
    {
        try
        {
            if (!_incomplete)
                _log.Append(Record(link));
            if (_incomplete || _log.Length >= 2 * Math.Max(_compactedSize, MinCompactionSize / 2))
                Compact();
            if (_incomplete)
                _logger.LogInformation("The share log is complete again");
            _incomplete = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!_incomplete)
            {
                _logger.LogError(
                    "The share log cannot be written, links are only kept in memory until it can: {Reason}", exception.Message);
            }
            _incomplete = true;
        }
    }

    /// <summary>Runs under the tree's lock, as <see cref="Append"/>.</summary>
    private void Rewrite()
    {
        try
        {
            Compact();
            _incomplete = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.LogError("The share log cannot be written, links are only kept in memory until it can: {Reason}", exception.Message);
            _incomplete = true;
        }
    }

    private void Compact()
    {
        IEnumerable<Link> links = _tree.Export().Where(link => link.Id != _tree.GenesisId);
        _log.Replace(links.Select(Record));
        _compactedSize = _log.Length;
    }

    private void Flush()
    {
        try
        {
            _log.Flush();
        }
        catch (IOException exception)
        {
            _logger.LogError("The share log cannot be flushed to the disk: {Reason}", exception.Message);
        }
    }
}
