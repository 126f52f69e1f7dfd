using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>A block of the Monero network that this node found.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Height">Its height.</param>
/// <param name="Blob">The whole block as <c>submit_block</c> takes it, before hex.</param>
/// <param name="FoundAt">When it was found.</param>
/// <param name="Key">Its RandomX key; null for one that an older version of the program found.</param>
/// <param name="Work">The greatest difficulty that its hash meets; null when it is not known.</param>
internal sealed record FoundBlock(Hash256 Id, ulong Height, byte[] Blob, DateTimeOffset FoundAt, Hash256? Key = null, UInt128? Work = null);

/// <summary>Whether a found block's fate is known.</summary>
internal enum BlockVerdict
{
    /// <summary>No daemon has answered definitively; it will be tried again.</summary>
    Pending,

    /// <summary>A daemon has it on its main chain.</summary>
    Accepted,

    /// <summary>A daemon refused it, or another block took its place.</summary>
    Rejected,
}

/// <param name="Verdict">The fate.</param>
/// <param name="Reason">One line; for an accepted block, which daemon has it.</param>
/// <param name="IsHearsay">Whether only a member says so, and no daemon of this node.</param>
/// <param name="IsRefused">Whether a daemon of this node takes it for no valid block, or lacks its transactions.</param>
internal sealed record BlockOutcome(BlockVerdict Verdict, string Reason, bool IsHearsay = false, bool IsRefused = false);

/// <summary>Blocks since this process started.</summary>
/// <param name="Found">Found by this process.</param>
/// <param name="Accepted">Accepted, also of those that an earlier process found.</param>
/// <param name="Rejected">Rejected, also of those that an earlier process found.</param>
/// <param name="Relayed">Found by other nodes and handed to this node's daemons.</param>
/// <param name="Suppressed">Found by this process and not submitted, since they would only compete with another; not among those found.</param>
internal sealed record BlockCounters(long Found, long Accepted, long Rejected, long Relayed = 0, long Suppressed = 0);
