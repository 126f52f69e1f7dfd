namespace P2PMiner.P2P.Dht.Storage;

/// <summary>Something that we announce again and again.</summary>
/// <param name="Key">Key on the wire.</param>
/// <param name="Value">What stands under it, or null if we are announced as a provider of it.</param>
/// <param name="Due">When it is announced next.</param>
/// <param name="TableSize">Contacts we had at the last announcement.</param>
/// <param name="Failures">Announcements in a row that reached nobody.</param>
internal sealed record Publication(
    ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value, DateTimeOffset Due, int TableSize = 0, int Failures = 0);
