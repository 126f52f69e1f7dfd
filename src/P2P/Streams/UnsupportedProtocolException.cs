namespace P2PMiner.P2P.Streams;

/// <summary>
/// The remote offers none of the protocols asked for (libp2p/specs, connections/README.md, "multistream-select": its answer "na"); the
/// connection is unharmed.
/// </summary>
public sealed class UnsupportedProtocolException(string message) : IOException(message);
