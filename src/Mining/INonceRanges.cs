namespace P2PMiner.Mining;

/// <summary>
/// The part of a fixed blob's 32-bit nonce space that this node searches, in pieces that its threads take. Thread-safe.
/// </summary>
public interface INonceRanges
{
    /// <summary>Takes the next piece; nobody gets it again while the job lasts.</summary>
    /// <param name="first">The first nonce.</param>
    /// <param name="count">How many; at least 1, and <paramref name="first"/> + count is at most 2^32.</param>
    /// <returns>False when nothing is left now; there may be more later.</returns>
    bool TryTake(out uint first, out uint count);

    /// <summary>False once the piece that begins with <paramref name="first"/> has become another node's.</summary>
    bool IsStillOurs(uint first);
}
