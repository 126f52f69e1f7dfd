namespace P2PMiner.BenchP2P.Many;

/// <summary>The same sequence as in many.mjs: a 64-bit linear congruence, of which the upper half counts.</summary>
internal sealed class Draw(ulong seed)
{
    private ulong _state = seed;

    public int Next(int below)
    {
        _state = unchecked((_state * 6364136223846793005) + 1442695040888963407);
        return (int)((_state >> 33) % (ulong)below);
    }
}
