namespace P2PMiner.P2P.Network;

/// <summary>Who serves a protocol, and how many streams of it at once.</summary>
internal sealed record ProtocolHandler(StreamHandler Handler, HandlerLimits Limits);
