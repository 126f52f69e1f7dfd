using System.Globalization;

namespace P2PMiner.P2P.Dht.Wire;

/// <summary>Times of records as text (RFC 3339), in UTC with nanoseconds as other implementations write them.</summary>
internal static class Rfc3339
{
    internal static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
}
