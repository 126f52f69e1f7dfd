namespace P2PMiner.Mining.RandomX.Native;

/// <summary>Which pages RandomX memory should have (<c>--pages</c>).</summary>
public enum PagePreference
{
    /// <summary>Explicit huge pages when reserved, else transparent ones, else normal ones.</summary>
    Auto,

    /// <summary>Explicit huge pages or an error.</summary>
    Huge,

    /// <summary>Transparent huge pages, else normal ones; reserved huge pages stay free for others.</summary>
    Thp,

    /// <summary>The platform's base pages.</summary>
    Normal,
}
