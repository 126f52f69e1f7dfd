namespace P2PMiner.P2P.Noise;

/// <summary>The remote broke the Noise protocol or could not prove who it is; the message says how. The connection is of no more use.</summary>
internal sealed class NoiseException(string message, Exception? inner = null) : IOException(message, inner);
