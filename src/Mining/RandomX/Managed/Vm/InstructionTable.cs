namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>The instruction that each of the 256 opcodes means (specification, tables 5.2.1, 5.3.1, 5.4.1 and 5.5.1).</summary>
internal static class InstructionTable
{
    private static readonly InstructionType[] Types = Expand();

    // How many opcodes each instruction has, in the order of the enumeration.
    private static ReadOnlySpan<byte> Frequencies =>
    [
        16, 7, 16, 7, 16, 4, 4, 1, 4, 1, 8, 2, 15, 5, 8, 2, 4,
        4, 16, 5, 16, 5, 6, 32, 4, 6,
        25, 1,
        16,
    ];

    public static InstructionType Type(byte opcode) => Types[opcode];

    private static InstructionType[] Expand()
    {
        InstructionType[] types = new InstructionType[256];
        int opcode = 0;
        for (int type = 0; type < Frequencies.Length; type++)
        {
            types.AsSpan(opcode, Frequencies[type]).Fill((InstructionType)type);
            opcode += Frequencies[type];
        }
        return opcode == types.Length ? types : throw new InvalidOperationException($"{opcode} opcodes instead of {types.Length}");
    }
}
