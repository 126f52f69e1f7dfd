using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>
/// Who is sent datasets at the same time. Names cost nothing, so half of the slots are kept for members who have proved themselves; and when
/// there is none left, who reads too slowly makes room for who comes. Thread-safe.
/// </summary>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="time">Measures readers.</param>
internal sealed class UploadSlots(Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>Streams that are served at the same time.</summary>
    public const int Most = 16;

    /// <summary>Of these, to members who have not proved themselves.</summary>
    public const int MostOfStrangers = 8;

    /// <summary>For a chunk of 1 MiB, when others wait: as long as a dataset in half an hour takes, about which a machine computes one.</summary>
    public const double SlowestReader = 1;

    /// <summary>How long nobody has to make room: a connection begins slowly.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);

    private readonly Lock _lock = new();
    private readonly List<UploadSlot> _slots = [];

    /// <summary>A slot, which the caller <see cref="Free"/>s; where there is none left, that of the slowest reader, whose stream ends.</summary>
    /// <returns>Null when there is none for this peer.</returns>
    public UploadSlot? TryTake(PeerStream stream)
    {
        UploadSlot slot = new(stream, time);
        UploadSlot? slowest = null;
        lock (_lock)
        {
            // A stranger takes nothing from those who have proved themselves.
            bool isStranger = !isProven(slot.Peer);
            UploadSlot[] rivals = [.. _slots.Where(other => !isStranger || !isProven(other.Peer))];
            if (_slots.Count >= Most || (isStranger && rivals.Length >= MostOfStrangers))
            {
                slowest = rivals.Where(other => other.Age >= Grace && other.SecondsPerChunk > SlowestReader).MaxBy(other => other.SecondsPerChunk);
                if (slowest is null)
                    return null;
                _slots.Remove(slowest);
            }
            _slots.Add(slot);
        }
        slowest?.End();
        return slot;
    }

    public void Free(UploadSlot slot)
    {
        lock (_lock)
            _slots.Remove(slot);
    }
}
