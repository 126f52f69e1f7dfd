namespace P2PMiner.Node.Configuration;

/// <summary>Finds what a mistyped name was probably meant to be.</summary>
internal static class NearestName
{
    /// <summary>Longer words are no typing errors of ours; it also bounds the work on foreign input.</summary>
    private const int MaxLength = 64;

    /// <summary>
    /// The candidate with the smallest edit distance, or null when even that one differs in more than a third of its
    /// letters (but one or two are always forgiven).
    /// </summary>
    public static string? Of(string word, IEnumerable<string> candidates)
    {
        if (word.Length > MaxLength)
            return null;
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int distance = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance <= Math.Max(2, candidate.Length / 3) && distance < candidate.Length && distance < bestDistance)
                (best, bestDistance) = (candidate, distance);
        }
        return best;
    }

    /// <summary>" (did you mean 'x'?)", or nothing when no candidate is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        Of(word, candidates) is string nearest ? $" (did you mean '{nearest}'?)" : "";

    /// <summary>
    /// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count one each.
    /// </summary>
    internal static int Distance(string a, string b)
    {
        int[] beforePrevious = new int[b.Length + 1];
        int[] previous = new int[b.Length + 1];
        int[] current = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            previous[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    current[j] = Math.Min(current[j], beforePrevious[j - 2] + 1);
            }
            (beforePrevious, previous, current) = (previous, current, beforePrevious);
        }
        return previous[b.Length];
    }
}
