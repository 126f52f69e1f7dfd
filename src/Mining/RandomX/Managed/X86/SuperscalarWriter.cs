using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Turns superscalar programs into machine code that takes several dataset items at once a step further (specification, chapter 7.3): runs the program, XORs the
/// line of the cache behind it, and finds the next line.
/// </summary>
/// <remarks>
/// Arguments of a routine: in rdi the address of r0 to r7, each a whole vector with one word for every item; in rsi that of pointers to the
/// items' lines, which get the next ones; in rdx that of as many pointers to lines that others need next, which are asked for; in rcx that
/// of a <see cref="LineSource"/>.
/// </remarks>
internal abstract class SuperscalarWriter
{
    private readonly Dictionary<ulong, Label> _constants = [];

    /// <summary>How many items a routine works on.</summary>
    public abstract int Items { get; }

    /// <summary>Where everything is written.</summary>
    protected Assembler Code { get; } = new(64);

    /// <summary>From numbers of lines to addresses in bytes.</summary>
    protected const byte LineShift = 6;

    /// <summary>Where <see cref="LineSource.Mask"/> is.</summary>
    protected static AssemblerMemoryOperand LineMask => __qword_ptr[rcx];

    /// <summary>Where <see cref="LineSource.Cache"/> is.</summary>
    protected static AssemblerMemoryOperand Cache => __qword_ptr[rcx + sizeof(ulong)];

    /// <summary>Writes one routine per program, and returns the code with the offset of each routine in it.</summary>
    public (byte[] Code, int[] Offsets) Write(IReadOnlyList<SuperscalarProgram> programs)
    {
        Label[] starts = new Label[programs.Count];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = Code.CreateLabel();
            Code.Label(ref starts[i]);
            WriteStep(programs[i], isLast: i == starts.Length - 1);
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

    protected abstract void Write(SuperscalarInstruction instruction);

    /// <summary>What of <see cref="XorLines"/> can be done before, while the program runs: in order, and only with what is left over by it.</summary>
    protected virtual IEnumerable<Action> ReadLines() => [];

    /// <summary>XORs the items' lines.</summary>
    protected abstract void XorLines();

    /// <summary>Replaces the pointers to the items' lines by those to the next ones.</summary>
    /// <param name="addressRegister">What tells which.</param>
    protected abstract void FindLines(int addressRegister);

    /// <summary>Ends a routine.</summary>
    protected abstract void Store();

    /// <summary>The place of a word behind the code.</summary>
    protected Label Constant(ulong value)
    {
        if (!_constants.TryGetValue(value, out Label label))
            _constants[value] = label = Code.CreateLabel();
        return label;
    }

    /// <summary>Loads the address of an item's line to rax.</summary>
    protected void LoadLine(int item) => Code.mov(rax, __qword_ptr[rsi + sizeof(ulong) * item]);

    // What waits for memory is spread among the program's instructions: all at once it would fill up the buffers that it waits in.
    private void WriteStep(SuperscalarProgram program, bool isLast)
    {
        Queue<Action> asking = new(Enumerable.Range(0, Items).Select<int, Action>(item => () => AskForLine(item)));
        Queue<Action> reading = new(ReadLines());
        int length = program.Instructions.Length;
        int half = length / 2;
        Load();
        for (int i = 0; i < length; i++)
        {
            // In front of the instruction: those on one item need rdx for themselves.
            WriteShare(i < half ? asking : reading, (i < half ? half : length) - i);
            Write(program.Instructions[i]);
        }
        XorLines();
        if (!isLast)
            FindLines(program.AddressRegister);
        Store();
    }

    private static void WriteShare(Queue<Action> rest, int turns)
    {
        for (int count = (rest.Count + turns - 1) / turns; count > 0; count--)
            rest.Dequeue()();
    }

    private void AskForLine(int item)
    {
        Code.mov(rax, __qword_ptr[rdx + sizeof(ulong) * item]);
        Code.prefetchnta(__byte_ptr[rax]);
    }
}
