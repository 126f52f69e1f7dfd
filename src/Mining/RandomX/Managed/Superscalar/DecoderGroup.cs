namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>A way to split 16 bytes of code into slots (specification, table 6.3.1).</summary>
/// <param name="Slots">Bytes of each slot.</param>
internal sealed record DecoderGroup(int[] Slots)
{
    private static readonly DecoderGroup Group484 = new([4, 8, 4]);
    private static readonly DecoderGroup Group493 = new([4, 9, 3]);
    private static readonly DecoderGroup Group4444 = new([4, 4, 4, 4]);
    private static readonly DecoderGroup Group3310 = new([3, 3, 10]);
    private static readonly DecoderGroup[] RandomGroups = [Group484, new([7, 3, 3, 3]), new([3, 7, 3, 3]), Group493];

    /// <summary>The group to decode in <paramref name="cycle"/>, by the rules of chapter 6.3.1.</summary>
    public static DecoderGroup Next(SuperscalarOpcode current, int cycle, int multiplications, BlakeGenerator random)
    {
        if (current is SuperscalarOpcode.IMulhR or SuperscalarOpcode.ISMulhR)
            return Group3310;
        if (multiplications <= cycle)
            return Group4444;
        if (current == SuperscalarOpcode.IMulRcp)
            return (random.NextByte() & 1) != 0 ? Group484 : Group493;
        return RandomGroups[random.NextByte() & 3];
    }

    /// <summary>The operation for the slot at <paramref name="index"/> (table 6.3.2).</summary>
    public InstructionKind Select(int index, BlakeGenerator random)
    {
        bool isLast = index == Slots.Length - 1;
        return Slots[index] switch
        {
            3 when isLast => (random.NextByte() & 3) switch
            {
                0 => InstructionKind.ISubR,
                1 => InstructionKind.IXorR,
                2 => InstructionKind.IMulhR,
                _ => InstructionKind.ISMulhR,
            },
            3 => (random.NextByte() & 1) == 0 ? InstructionKind.ISubR : InstructionKind.IXorR,
            4 when this == Group4444 && !isLast => InstructionKind.IMulR,
            4 => (random.NextByte() & 1) == 0 ? InstructionKind.IRorC : InstructionKind.IAddRs,
            10 => InstructionKind.IMulRcp,
            _ => (random.NextByte() & 1) == 0 ? InstructionKind.IXorC : InstructionKind.IAddC,
        };
    }
}
