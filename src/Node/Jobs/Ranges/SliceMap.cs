using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs.Ranges;

/// <summary>
/// Who searches which slice of the 32-bit nonce space of a job with a fixed blob: weighted rendezvous hashing. Each slice
/// belongs to the member with the highest score −w / ln(u), where w is the member's weight and u a number between 0 and 1 that
/// is drawn by a hash of slice and member (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005, the logarithmic
/// method). A member owns a part that is proportional to its weight, and a change of one member's weight moves only slices from or
/// to it. Nobody is asked: the same members with the same weights give the same map everywhere. For one thread.
/// </summary>
internal sealed class SliceMap
{
    /// <summary>Slices of a nonce space: 16 for each of 1,000 members.</summary>
    public const int Slices = 1 << 14;

    /// <summary>Nonces of a slice: 4 minutes of work at 1 kH/s.</summary>
    public const uint SliceSize = (uint)((1UL << 32) / Slices);

    private readonly Dictionary<PeerId, Entry> _members = [];
    private readonly Entry?[] _owners = new Entry?[Slices];
    private readonly double[] _scores = new double[Slices];

    public int Count => _members.Count;

    public IEnumerable<PeerId> Members => _members.Keys;

    /// <summary>The weight of a member; 0 when it is none.</summary>
    public int WeightOf(PeerId member) => _members.TryGetValue(member, out Entry? entry) ? entry.Weight : 0;

    /// <summary>Null while there are no members.</summary>
    public PeerId? OwnerOf(int slice) => _owners[slice]?.Member;

    /// <summary>How clearly a slice is its owner's: of two that are searched for as long, the lower one moves sooner.</summary>
    public double ScoreOf(int slice) => _scores[slice];

    /// <summary>The same map, to be changed by itself.</summary>
    public SliceMap Copy()
    {
        SliceMap copy = new();
        foreach ((PeerId member, Entry entry) in _members)
            copy._members.Add(member, entry);
        _owners.CopyTo(copy._owners, 0);
        _scores.CopyTo(copy._scores, 0);
        return copy;
    }

    /// <summary>Adds a member, changes its weight, or removes it.</summary>
    /// <param name="member">Who.</param>
    /// <param name="weight">0 removes the member.</param>
    /// <returns>The slices that another member owns now.</returns>
    public IReadOnlyList<SliceMove> Set(PeerId member, int weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        _members.TryGetValue(member, out Entry? former);
        if (weight == (former?.Weight ?? 0))
            return [];
        Entry? entry = weight == 0 ? null : new Entry(member, SeedOf(member), weight);
        if (entry is null)
            _members.Remove(member);
        else
            _members[member] = entry;
        List<SliceMove> moves = [];
        for (int slice = 0; slice < Slices; slice++)
            Update(slice, former, entry, moves);
        return moves;
    }

    private void Update(int slice, Entry? former, Entry? entry, List<SliceMove> moves)
    {
        Entry? owner = _owners[slice];
        double score = _scores[slice];
        bool isShrinking = former is not null && owner == former && (entry is null || entry.Weight < former.Weight);
        if (isShrinking)
            ChooseOwner(slice);
        else if (entry is not null && (owner is null || owner == former || Beats(entry, slice)))
            (_owners[slice], _scores[slice]) = (entry, entry.ScoreOf(slice));
        if (!Equals(_owners[slice]?.Member, owner?.Member))
            moves.Add(new SliceMove(slice, owner?.Member, _owners[slice]?.Member, score));
    }

    private void ChooseOwner(int slice)
    {
        _owners[slice] = null;
        _scores[slice] = 0;
        foreach (Entry entry in _members.Values)
        {
            if (_owners[slice] is null || Beats(entry, slice))
                (_owners[slice], _scores[slice]) = (entry, entry.ScoreOf(slice));
        }
    }

    private bool Beats(Entry entry, int slice)
    {
        if (entry.MostOf(slice) < _scores[slice])
            return false;
        double score = entry.ScoreOf(slice);
        return score > _scores[slice] || (score == _scores[slice] && entry.Member.CompareTo(_owners[slice]!.Member) < 0);
    }

    private static ulong SeedOf(PeerId member) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(member.Bytes));

    private sealed record Entry(PeerId Member, ulong Seed, int Weight)
    {
        public double ScoreOf(int slice) => -Weight / Math.Log(Uniform(slice));

        /// <summary>At least the score, without its logarithm: −ln(u) ≥ 1 − u. The factor covers what is rounded.</summary>
        public double MostOf(int slice) => Weight / (1 - Uniform(slice)) * (1 + 1e-12);

        private double Uniform(int slice) => Uniform(Seed + (ulong)(uint)slice * 0x9e3779b97f4a7c15);

        /// <summary>Strictly between 0 and 1, from the 52 highest bits of a mixed number (the finalizer of SplitMix64).</summary>
        private static double Uniform(ulong x)
        {
            x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
            x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
            x ^= x >> 31;
            return ((x >> 12) + 0.5) / (1UL << 52);
        }
    }
}

/// <summary>A slice that changed hands.</summary>
/// <param name="Slice">Which.</param>
/// <param name="From">Null when it was nobody's.</param>
/// <param name="To">Null when it is nobody's.</param>
/// <param name="FormerScore">How clearly it was the former owner's.</param>
internal readonly record struct SliceMove(int Slice, PeerId? From, PeerId? To, double FormerScore);
