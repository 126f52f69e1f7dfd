namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>What computes the hashes (<c>--engine</c>).</summary>
public enum EngineKind
{
    /// <summary>The best engine that this machine has.</summary>
    Auto,

    /// <summary>librandomx.</summary>
    Native,

    /// <summary>RandomX in C#.</summary>
    Managed,
}
