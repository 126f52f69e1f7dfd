namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>The registers of a superscalar program being made: when each is ready, and what was done to it last (specification, chapter 6.3.4).</summary>
internal sealed class OperandState
{
    /// <summary>The register that x86's lea cannot have as a base without a displacement.</summary>
    private const int NeedsDisplacement = 5;

    private const int Count = 8;

    private readonly int[] _readyCycle = new int[Count];
    private readonly SuperscalarOpcode[] _lastGroup = new SuperscalarOpcode[Count];
    private readonly int[] _lastParameter = [-1, -1, -1, -1, -1, -1, -1, -1];

    /// <summary>Chooses a source among the registers that are ready.</summary>
    /// <returns>A register, or −1 if none is ready.</returns>
    public int SelectSource(InstructionKind kind, int cycle, BlakeGenerator random)
    {
        Span<int> ready = stackalloc int[Count];
        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_readyCycle[i] <= cycle)
                ready[count++] = i;
        }
        // Of two registers r5 must be the source, because it cannot be the destination.
        if (count == 2 && kind.Opcode == SuperscalarOpcode.IAddRs && ready[..2].Contains(NeedsDisplacement))
            return NeedsDisplacement;
        return Select(ready[..count], random);
    }

    /// <summary>Chooses a destination by the rules of the specification.</summary>
    /// <returns>A register, or −1 if none is possible.</returns>
    public int SelectDestination(InstructionKind kind, int source, int parameter, int cycle, bool allowsChainedMultiplication, BlakeGenerator random)
    {
        Span<int> possible = stackalloc int[Count];
        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_readyCycle[i] <= cycle
                && (kind.MaySquare || i != source)
                && (allowsChainedMultiplication || kind.Group != SuperscalarOpcode.IMulR || _lastGroup[i] != SuperscalarOpcode.IMulR)
                && (_lastGroup[i] != kind.Group || _lastParameter[i] != parameter)
                && (kind.Opcode != SuperscalarOpcode.IAddRs || i != NeedsDisplacement))
            {
                possible[count++] = i;
            }
        }
        return Select(possible[..count], random);
    }

    /// <summary>Notes that an operation on <paramref name="register"/> is done at <paramref name="readyCycle"/>.</summary>
    public void Retire(int register, InstructionKind kind, int parameter, int readyCycle)
    {
        _readyCycle[register] = readyCycle;
        _lastGroup[register] = kind.Group;
        _lastParameter[register] = parameter;
    }

    private static int Select(ReadOnlySpan<int> registers, BlakeGenerator random) => registers.Length switch
    {
        0 => -1,
        1 => registers[0],
        _ => registers[(int)(random.NextUInt32() % (uint)registers.Length)],
    };
}
