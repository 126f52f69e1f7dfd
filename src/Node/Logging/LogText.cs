namespace P2PMiner.Node.Logging;

/// <summary>Makes foreign text safe to show.</summary>
internal static class LogText
{
    private const int MaxLength = 500;

    /// <summary>
    /// One line without control characters, at most 500 characters: what daemons and files say must not move the
    /// cursor, change colours or look like further lines.
    /// </summary>
    public static string OneLine(string text)
    {
        if (text.Length > MaxLength)
            text = string.Concat(text.AsSpan(0, MaxLength - 1), "…");
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }
}
