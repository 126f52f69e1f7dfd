using System.Numerics;

namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>A program that mixes the eight registers of a dataset item (specification, chapter 6).</summary>
internal sealed class SuperscalarProgram
{
    private readonly SuperscalarInstruction[] _instructions;

    public SuperscalarProgram(SuperscalarInstruction[] instructions)
    {
        _instructions = instructions;
        AddressRegister = FindAddressRegister(instructions);
    }

    public ReadOnlySpan<SuperscalarInstruction> Instructions => _instructions;

    /// <summary>The register that chooses the next cache line: the one with the longest chain of dependencies (chapter 7.3).</summary>
    public int AddressRegister { get; }

    /// <summary>Executes the program on r0 to r7.</summary>
    public void Execute(Span<ulong> r)
    {
        foreach (SuperscalarInstruction instruction in _instructions)
        {
            ref ulong destination = ref r[instruction.Destination];
            ulong source = r[instruction.Source];
            ulong operand = instruction.Operand;
            destination = instruction.Opcode switch
            {
                SuperscalarOpcode.ISubR => destination - source,
                SuperscalarOpcode.IXorR => destination ^ source,
                SuperscalarOpcode.IAddRs => destination + (source << (int)operand),
                SuperscalarOpcode.IMulR => destination * source,
                SuperscalarOpcode.IRorC => BitOperations.RotateRight(destination, (int)operand),
                SuperscalarOpcode.IAddC => destination + operand,
                SuperscalarOpcode.IXorC => destination ^ operand,
                SuperscalarOpcode.IMulhR => Math.BigMul(destination, source, out _),
                SuperscalarOpcode.ISMulhR => (ulong)Math.BigMul((long)destination, (long)source, out long _),
                SuperscalarOpcode.IMulRcp => destination * operand,
                _ => throw new InvalidOperationException($"a superscalar program has no {instruction.Opcode}"),
            };
        }
    }

    private static int FindAddressRegister(ReadOnlySpan<SuperscalarInstruction> instructions)
    {
        Span<int> depth = stackalloc int[8];
        depth.Clear();
        foreach (SuperscalarInstruction instruction in instructions)
        {
            int own = depth[instruction.Destination];
            depth[instruction.Destination] = Math.Max(own, depth[instruction.Source]) + 1;
        }
        int deepest = 0;
        for (int i = 1; i < depth.Length; i++)
        {
            if (depth[i] > depth[deepest])
                deepest = i;
        }
        return deepest;
    }
}
