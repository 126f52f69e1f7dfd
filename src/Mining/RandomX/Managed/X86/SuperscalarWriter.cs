using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Turns superscalar programs into machine code that takes several dataset items at once a step further (specification, chapter 7.3): runs the
/// program, XORs the line of the cache behind it, and finds the next line.
/// </summary>
/// <remarks>
/// Arguments of a routine: in rdi the address of r0 to r7, each a whole vector with one word for every item, then those of an item by itself; in
/// rsi that of pointers to the items' lines, which get the next ones; in rdx that of as many pointers to lines that others need next, which are
/// asked for; in rcx that of a <see cref="LineSource"/>.
/// </remarks>
internal sealed class SuperscalarWriter
{
    private readonly Assembler _code = new(64);
    private readonly CodeConstants _constants;
    private readonly ItemWriter[] _parts;

    private SuperscalarWriter(Func<Assembler, CodeConstants, ItemWriter[]> parts)
    {
        _constants = new CodeConstants(_code);
        _parts = parts(_code, _constants);
    }

    /// <summary>Items in the widest vectors that the CPU has.</summary>
    /// <param name="usesAvx512">False leaves AVX-512 unused.</param>
    /// <param name="hasSingle">Whether another item is computed in the integer registers, which are idle otherwise.</param>
    public static SuperscalarWriter Create(bool usesAvx512, bool hasSingle)
    {
        if (!Avx2.IsSupported)
            return CreateScalar();
        bool isWide = usesAvx512 && ItemCompiler.IsAvx512Supported;
        return new((code, constants) =>
        {
            ItemWriter vectors = isWide ? new ItemWriter512(code, constants) : new ItemWriter256(code, constants);
            return hasSingle ? [vectors, new ItemWriter64(code, constants, vectors.Items)] : [vectors];
        });
    }

    /// <summary>One item in the integer registers.</summary>
    public static SuperscalarWriter CreateScalar() => new((code, constants) => [new ItemWriter64(code, constants, first: 0)]);

    /// <summary>How many items a routine works on in vectors; 1 if there are none.</summary>
    public int VectorItems => _parts[0].Items;

    /// <summary>How many items a routine works on.</summary>
    public int Items => _parts.Sum(part => part.Items);

    /// <summary>Writes one routine per program, and returns the code with the offset of each routine in it.</summary>
    public (byte[] Code, int[] Offsets) Write(IReadOnlyList<SuperscalarProgram> programs)
    {
        Label[] starts = new Label[programs.Count];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = _code.CreateLabel();
            _code.Label(ref starts[i]);
            WriteStep(programs[i], isLast: i == starts.Length - 1);
        }
        _constants.Write();
        using MemoryStream stream = new();
        AssemblerResult result = _code.Assemble(new StreamCodeWriter(stream), rip: 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return (stream.ToArray(), [.. starts.Select(start => (int)result.GetLabelRIP(start))]);
    }

    // What waits for memory is spread among the program's instructions: all at once it would fill up the buffers that it waits in.
    private void WriteStep(SuperscalarProgram program, bool isLast)
    {
        Action[] asking = [.. Enumerable.Range(0, Items).Select<int, Action>(item => () => AskForLine(item))];
        Action[] reading = [.. _parts.SelectMany(part => part.ReadLines())];
        int length = program.Instructions.Length;
        int half = length / 2;

        // Multiplications write to rdx.
        _code.push(rbx);
        _code.mov(rbx, rdx);
        ForEach(part => part.Load());
        for (int i = 0; i < length; i++)
        {
            if (i < half)
                WriteShare(asking, i, half);
            else
                WriteShare(reading, i - half, length - half);
            ForEach(part => part.Write(program.Instructions[i]));
        }
        ForEach(part => part.XorLines());
        if (!isLast)
            ForEach(part => part.FindLines(program.AddressRegister));
        ForEach(part => part.Store());
        _code.pop(rbx);
        _code.ret();
    }

    private static void WriteShare(Action[] all, int turn, int turns)
    {
        foreach (Action write in all.AsSpan(DoneBy(turn)..DoneBy(turn + 1)))
            write();
        int DoneBy(int end) => (all.Length * end + turns - 1) / turns;
    }

    private void AskForLine(int item)
    {
        _code.mov(rax, __qword_ptr[rbx + sizeof(ulong) * item]);
        _code.prefetchnta(__byte_ptr[rax]);
    }

    private void ForEach(Action<ItemWriter> write)
    {
        foreach (ItemWriter part in _parts)
            write(part);
    }
}
