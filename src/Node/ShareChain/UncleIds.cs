using System.Collections;
using System.Runtime.CompilerServices;
using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// The uncles that a link names: ids of valid links beside its branch, in ascending order of their bytes, each once, so that
/// a set has one form only. Immutable; equal when the ids are.
/// </summary>
[CollectionBuilder(typeof(UncleIds), nameof(Create))]
internal sealed class UncleIds : IReadOnlyList<Hash256>, IEquatable<UncleIds>
{
    /// <summary>
    /// The most that a link can name. What beyond that came in the time of three links is more than a healthy cluster ever has:
    /// its links come every 10 s, and go round in less than one.
    /// </summary>
    public const int Max = 8;

    public static readonly UncleIds None = new([]);

    private readonly Hash256[] _ids;

    private UncleIds(Hash256[] ids) => _ids = ids;

    public int Count => _ids.Length;

    public Hash256 this[int index] => _ids[index];

    /// <param name="ids">In any order; each once, at most <see cref="Max"/>.</param>
    /// <exception cref="ArgumentException">Too many, or one twice.</exception>
    public static UncleIds Create(ReadOnlySpan<Hash256> ids)
    {
        Hash256[] sorted = ids.ToArray();
        Array.Sort(sorted, Compare);
        return TryOfSorted(sorted) ?? throw new ArgumentException($"a link names at most {Max} uncles, each once", nameof(ids));
    }

    /// <summary>Null when they are too many, or not in order.</summary>
    /// <param name="ids">Kept.</param>
    public static UncleIds? TryOfSorted(Hash256[] ids)
    {
        if (ids.Length > Max)
            return null;
        for (int i = 1; i < ids.Length; i++)
        {
            if (Compare(ids[i - 1], ids[i]) >= 0)
                return null;
        }
        return ids.Length == 0 ? None : new UncleIds(ids);
    }

    /// <summary>The order of the bytes, the first one first.</summary>
    public static int Compare(Hash256 left, Hash256 right)
    {
        Span<byte> a = stackalloc byte[Hash256.Size];
        Span<byte> b = stackalloc byte[Hash256.Size];
        left.CopyTo(a);
        right.CopyTo(b);
        return a.SequenceCompareTo(b);
    }

    public IEnumerator<Hash256> GetEnumerator() => ((IEnumerable<Hash256>)_ids).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _ids.GetEnumerator();

    public bool Equals(UncleIds? other) => other is not null && _ids.AsSpan().SequenceEqual(other._ids);

    public override bool Equals(object? obj) => Equals(obj as UncleIds);

    public override int GetHashCode() => _ids.Length == 0 ? 0 : HashCode.Combine(_ids.Length, _ids[0]);
}
