using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Turns superscalar programs into machine code that works on the registers of several dataset items at once.</summary>
/// <remarks>A routine's only argument is the address of r0 to r7, each a whole vector with one word for every item.</remarks>
internal abstract class SuperscalarWriter
{
    private readonly Dictionary<ulong, Label> _constants = [];

    /// <summary>How many items a routine works on.</summary>
    public abstract int Items { get; }

    /// <summary>Where everything is written.</summary>
    protected Assembler Code { get; } = new(64);

    /// <summary>Writes one routine per program, and returns the code with the offset of each routine in it.</summary>
    public (byte[] Code, int[] Offsets) Write(IReadOnlyList<SuperscalarProgram> programs)
    {
        Label[] starts = new Label[programs.Count];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = Code.CreateLabel();
            Code.Label(ref starts[i]);
            Load();
            foreach (SuperscalarInstruction instruction in programs[i].Instructions)
                Write(instruction);
            Store();
        }
        foreach ((ulong constant, Label label) in _constants)
        {
            Label place = label;
            Code.Label(ref place);
            Code.dq(constant);
        }
        using MemoryStream stream = new();
        AssemblerResult result = Code.Assemble(new StreamCodeWriter(stream), rip: 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return (stream.ToArray(), [.. starts.Select(start => (int)result.GetLabelRIP(start))]);
    }

    /// <summary>Begins a routine.</summary>
    protected abstract void Load();

    /// <summary>Ends a routine.</summary>
    protected abstract void Store();

    protected abstract void Write(SuperscalarInstruction instruction);

    /// <summary>The place of a word behind the code.</summary>
    protected Label Constant(ulong value)
    {
        if (!_constants.TryGetValue(value, out Label label))
            _constants[value] = label = Code.CreateLabel();
        return label;
    }
}
