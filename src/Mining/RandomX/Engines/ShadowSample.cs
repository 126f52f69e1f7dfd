namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>A hash to be computed again.</summary>
internal sealed record ShadowSample(byte[] Key, byte[] Input, byte[] Hash);
