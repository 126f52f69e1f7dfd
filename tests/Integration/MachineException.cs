namespace P2PMiner.Integration.Tests;

/// <summary>A machine, or a program on it, did not do what it was there for.</summary>
internal sealed class MachineException(string message) : Exception(message);
