namespace P2PMiner.P2P.Network;

/// <summary>The handshakes on a fresh connection failed; the message names the step.</summary>
internal sealed class UpgradeException(string step, string message, Exception? inner = null) : IOException($"{step}: {message}", inner)
{
    /// <summary>"pnet", "security", "noise" or "muxer".</summary>
    internal string Step { get; } = step;
}
