namespace P2PMiner.Node.Cli;

/// <summary>A hash, as <c>hash --json</c> prints it.</summary>
/// <param name="Algorithm">"rx/0" or "rx/2".</param>
/// <param name="Engine">That computed it.</param>
/// <param name="Memory">"light" or "full".</param>
/// <param name="Key">In hex.</param>
/// <param name="Input">In hex.</param>
/// <param name="Hash">In hex.</param>
/// <param name="Listing">Programs and their machine code as text; null unless it was asked for.</param>
internal sealed record HashResult(string Algorithm, string Engine, string Memory, string Key, string Input, string Hash, string? Listing);
