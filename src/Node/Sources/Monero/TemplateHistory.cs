using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>What one daemon said before, to notice when it contradicts itself.</summary>
internal sealed class TemplateHistory
{
    /// <summary>
    /// Blocks that a chain may become shorter by: a heavier chain with fewer blocks replaces a longer one now and then,
    /// but not one with so many fewer.
    /// </summary>
    public const ulong MaxStepBack = 10;

    private ulong _highest;
    private ulong? _seedHeight;
    private Hash256 _seedHash;

    /// <summary>Null when the template fits in; otherwise one line, and nothing is learnt from it.</summary>
    public string? FindContradiction(DaemonTemplate template)
    {
        if (template.Height + MaxStepBack < _highest)
            return $"its chain went back from height {_highest} to {template.Height}";
        return IsSeedKnown(template.SeedHeight) && _seedHash != template.SeedHash
            ? $"its seed hash for seed height {template.SeedHeight} changed"
            : null;
    }

    public bool IsSeedKnown(ulong seedHeight) => _seedHeight == seedHeight;

    public void Learn(DaemonTemplate template)
    {
        _highest = ulong.Max(_highest, template.Height);
        _seedHeight = template.SeedHeight;
        _seedHash = template.SeedHash;
    }

    /// <summary>A daemon that was restarted may have been given another chain.</summary>
    public void Forget()
    {
        _highest = 0;
        _seedHeight = null;
    }
}
