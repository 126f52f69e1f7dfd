namespace P2PMiner.BenchEngine;

/// <summary>A reason why nothing can be measured, for the user.</summary>
internal sealed class BenchException(string message) : Exception(message);
