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

    /// <summary>RandomX in C#, and librandomx hashes some of the same inputs again.</summary>
    Shadow,
}
