namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>Versions of the algorithm: <c>rx/0</c> and <c>rx/2</c>.</summary>
public enum RandomXVersion
{
    /// <summary>tevador/RandomX, doc/specs.md as of version 1.</summary>
    V1,

    /// <summary>The changes of tevador/RandomX, doc/design_v2.md: longer programs, rarer CFROUND, AES mixing of F and E, earlier prefetch.</summary>
    V2,
}
