using System.Diagnostics.Metrics;

namespace P2PMiner.P2P.Network;

/// <summary>The meter of this library and the instruments of all its parts; reading them costs nothing while nobody listens.</summary>
internal static class P2PMetrics
{
    /// <summary>Name of the meter.</summary>
    internal const string MeterName = "P2PMiner.P2P";

    internal static readonly Meter Meter = new(MeterName);
}
