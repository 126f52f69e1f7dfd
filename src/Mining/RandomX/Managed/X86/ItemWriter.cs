using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Writes the part of a routine of <see cref="SuperscalarWriter"/> that is for some of its items: as many as the registers of one kind hold.</summary>
/// <param name="code">Where it is written.</param>
/// <param name="constants">Behind the code.</param>
/// <param name="first">How many items of the routine come before these.</param>
internal abstract class ItemWriter(Assembler code, CodeConstants constants, int first)
{
    /// <summary>From numbers of lines to addresses in bytes.</summary>
    protected const byte LineShift = 6;

    private const int PointerSize = 8;

    /// <summary>How many items.</summary>
    public abstract int Items { get; }

    /// <summary>Where everything is written.</summary>
    protected Assembler Code => code;

    /// <summary>r0 to r7 of these items.</summary>
    protected AssemblerMemoryOperand States => __[rdi + Parameters.ItemSize * first];

    /// <summary>Pointers to their lines.</summary>
    protected AssemblerMemoryOperand Lines => __[rsi + PointerSize * first];

    /// <summary>Loads the items.</summary>
    public abstract void Load();

    public abstract void Write(SuperscalarInstruction instruction);

    /// <summary>What of <see cref="XorLines"/> can be done before, while the program runs: in order.</summary>
    public virtual IEnumerable<Action> ReadLines() => [];

    /// <summary>XORs the items' lines.</summary>
    public abstract void XorLines();

    /// <summary>Replaces the pointers to the items' lines by those to the next ones.</summary>
    /// <param name="addressRegister">What tells which.</param>
    public abstract void FindLines(int addressRegister);

    /// <summary>Stores the items.</summary>
    public abstract void Store();

    /// <summary>The place of a word behind the code.</summary>
    protected Label Constant(ulong value) => constants.Find(value);

    /// <summary>Loads the address of the line of one of these items to rax.</summary>
    protected void LoadLine(int item) => Code.mov(rax, __qword_ptr[Lines + PointerSize * item]);
}
