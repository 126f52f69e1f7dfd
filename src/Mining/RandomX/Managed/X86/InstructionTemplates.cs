using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Vm;
using static Iced.Intel.AssemblerRegisters;
using static P2PMiner.Mining.RandomX.Managed.X86.Registers;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>The machine code of every instruction with every pair of registers (specification, chapter 5).</summary>
internal sealed class InstructionTemplates
{
    private const int Variants = 8 * 8 * 4;

    /// <summary>Bits of MXCSR from here on have the values of fprc.</summary>
    public const int RoundingShift = 13;

    /// <summary>MXCSR of a machine that rounds to nearest: all exceptions are masked, denormals flushed.</summary>
    public const uint DefaultMxcsr = 0x9FC0;

    private const int Modes = 3;

    private readonly CodeTemplate?[] _templates = new CodeTemplate?[((int)InstructionType.IStore + 1) * Variants];
    private readonly RandomXVersion _version;
    private readonly RoundingKind _rounding;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="rounding">How the code rounds; embedded modes are those to nearest.</param>
    public InstructionTemplates(RandomXVersion version, RoundingKind rounding)
    {
        (_version, _rounding) = (version, rounding);
        for (InstructionType type = 0; type <= InstructionType.IStore; type++)
        {
            for (byte destination = 0; destination < 8; destination++)
            {
                for (byte source = 0; source < 8; source++)
                    Add(type, destination, source);
            }
        }
    }

    /// <summary>The code of an instruction; null for one that does nothing.</summary>
    /// <param name="type">Of the instruction.</param>
    /// <param name="destination">0 to 7, of a group of four registers 0 to 3.</param>
    /// <param name="source">As <paramref name="destination"/>.</param>
    /// <param name="shift">mod.shift of IADD_RS, 0 for all others.</param>
    public CodeTemplate? Find(InstructionType type, int destination, int source, int shift) =>
        _templates[Index(type, destination, source, shift)];

    private static int Index(InstructionType type, int destination, int source, int shift) =>
        (int)type * Variants + shift * 64 + destination * 8 + source;

    private void Add(InstructionType type, byte destination, byte source)
    {
        for (int shift = 0; shift < (type == InstructionType.IAddRs ? 4 : 1); shift++)
        {
            int scale = 1 << shift;
            if (IsPossible(type, destination, source))
                _templates[Index(type, destination, source, shift)] = CodeTemplate.Assemble(c => Write(c, type, destination, source, scale));
        }
    }

    // Groups of four registers use two bits; what has no source has any, and one template would do, but the index has both.
    private static bool IsPossible(InstructionType type, byte destination, byte source) => type switch
    {
        InstructionType.FAddR or InstructionType.FSubR or InstructionType.FMulR or InstructionType.FScalR or InstructionType.FSqrtR =>
            destination < 4 && source < 4,
        InstructionType.FAddM or InstructionType.FSubM or InstructionType.FDivM => destination < 4,
        InstructionType.ISwapR => destination != source,
        _ => true,
    };

    private void Write(Assembler c, InstructionType type, byte d, byte s, int scale)
    {
        if (type < InstructionType.FSwapR)
            WriteInteger(c, type, d, s, scale);
        else if (type < InstructionType.CBranch)
            WriteFloat(c, new FloatWriter(c, _rounding), type, d, s);
        else
            WriteControl(c, type, d, s);
    }

    private static void WriteInteger(Assembler c, InstructionType type, byte d, byte s, int scale)
    {
        bool isSame = d == s;
        switch (type)
        {
            case InstructionType.IAddRs when d == 5:
                c.lea(R[d], __[R[d] + R[s] * scale + CodeTemplate.Immediate]);
                break;
            case InstructionType.IAddRs:
                c.lea(R[d], __[R[d] + R[s] * scale]);
                break;
            case InstructionType.IAddM:
                c.add(R[d], Operand(c, d, s));
                break;
            case InstructionType.ISubR when isSame:
                c.sub(R[d], CodeTemplate.Immediate);
                break;
            case InstructionType.ISubR:
                c.sub(R[d], R[s]);
                break;
            case InstructionType.ISubM:
                c.sub(R[d], Operand(c, d, s));
                break;
            case InstructionType.IMulR when isSame:
                c.imul(R[d], R[d], CodeTemplate.Immediate);
                break;
            case InstructionType.IMulR:
                c.imul(R[d], R[s]);
                break;
            case InstructionType.IMulM:
                c.imul(R[d], Operand(c, d, s));
                break;
            case InstructionType.IMulhR:
                c.mov(rax, R[d]);
                c.mul(R[s]);
                c.mov(R[d], rdx);
                break;
            case InstructionType.ISMulhR:
                c.mov(rax, R[d]);
                c.imul(R[s]);
                c.mov(R[d], rdx);
                break;
            case InstructionType.IMulhM or InstructionType.ISMulhM:
                WriteHighMultiplication(c, type, d, s);
                break;
            case InstructionType.IMulRcp:
                c.mov(rax, CodeTemplate.LongImmediate);
                c.imul(R[d], rax);
                break;
            case InstructionType.INegR:
                c.neg(R[d]);
                break;
            case InstructionType.IXorR when isSame:
                c.xor(R[d], CodeTemplate.Immediate);
                break;
            case InstructionType.IXorR:
                c.xor(R[d], R[s]);
                break;
            case InstructionType.IXorM:
                c.xor(R[d], Operand(c, d, s));
                break;
            case InstructionType.IRorR or InstructionType.IRolR:
                WriteRotation(c, type == InstructionType.IRorR, d, s);
                break;
            case InstructionType.ISwapR:
                c.xchg(R[d], R[s]);
                break;
        }
    }

    private static void WriteHighMultiplication(Assembler c, InstructionType type, byte d, byte s)
    {
        AssemblerMemoryOperand operand = Operand(c, d, s, rcx, ecx);
        c.mov(rax, R[d]);
        if (type == InstructionType.IMulhM)
            c.mul(operand);
        else
            c.imul(operand);
        c.mov(R[d], rdx);
    }

    private static void WriteRotation(Assembler c, bool isRight, byte d, byte s)
    {
        if (d == s)
        {
            if (isRight)
                c.ror(R[d], CodeTemplate.Rotation);
            else
                c.rol(R[d], CodeTemplate.Rotation);
            return;
        }
        c.mov(ecx, R32[s]);
        if (isRight)
            c.ror(R[d], cl);
        else
            c.rol(R[d], cl);
    }

    private static void WriteFloat(Assembler c, FloatWriter floats, InstructionType type, byte d, byte s)
    {
        AssemblerRegisterXMM f = F[d];
        AssemblerRegisterXMM e = F[4 + (d & 3)];
        switch (type)
        {
            case InstructionType.FSwapR:
                floats.Swap(f);
                break;
            case InstructionType.FAddR:
                floats.Add(f, A[s]);
                break;
            case InstructionType.FAddM:
                floats.Convert(Registers.Operand, Address(c, s, rax, eax));
                floats.Add(f, Registers.Operand);
                break;
            case InstructionType.FSubR:
                floats.Subtract(f, A[s]);
                break;
            case InstructionType.FSubM:
                floats.Convert(Registers.Operand, Address(c, s, rax, eax));
                floats.Subtract(f, Registers.Operand);
                break;
            case InstructionType.FScalR:
                floats.Xor(f, ScaleMask);
                break;
            case InstructionType.FMulR:
                floats.Multiply(e, A[s]);
                break;
            case InstructionType.FDivM:
                floats.Convert(Registers.Operand, Address(c, s, rax, eax));
                floats.MaskExponent(Registers.Operand);
                floats.Divide(e, Registers.Operand);
                break;
            case InstructionType.FSqrtR:
                floats.SquareRoot(e);
                break;
        }
    }

    private void WriteControl(Assembler c, InstructionType type, byte d, byte s)
    {
        switch (type)
        {
            case InstructionType.CBranch:
                c.add(R[d], CodeTemplate.Immediate);
                c.test(R[d], CodeTemplate.Mask);
                // JZ; the distance, its last four bytes, is known only within a program.
                c.db(0x0F, 0x84, 0, 0, 0, 0);
                break;
            case InstructionType.CFRound:
                Label end = c.CreateLabel();
                c.mov(rcx, R[s]);
                c.ror(rcx, CodeTemplate.Rotation);
                if (_version == RandomXVersion.V2)
                {
                    c.test(cl, 60);
                    c.jne(end);
                }
                c.and(ecx, Modes);
                c.mov(Field(nameof(LaneContext.Mode)), ecx);
                if (_rounding == RoundingKind.Register)
                {
                    c.ldmxcsr(MxcsrOfMode);
                }
                else
                {
                    // To what comes next in the code of that mode: the constant is its distance from the beginning.
                    c.mov(rax, BodyOfMode);
                    c.add(rax, CodeTemplate.Immediate);
                    c.jmp(rax);
                }
                c.Label(ref end);
                c.nop();
                break;
            case InstructionType.IStore:
                c.mov(Address(c, d, rax, eax), R[s]);
                break;
        }
    }

    // [mem] of an integer instruction; with equal registers the address is a constant within L3.
    private static AssemblerMemoryOperand Operand(Assembler c, byte d, byte s) => Operand(c, d, s, rax, eax);

    private static AssemblerMemoryOperand Operand(Assembler c, byte d, byte s, AssemblerRegister64 address, AssemblerRegister32 low) =>
        d == s ? __qword_ptr[Scratchpad + CodeTemplate.Immediate] : Address(c, s, address, low);

    private static AssemblerMemoryOperand Address(Assembler c, byte register, AssemblerRegister64 address, AssemblerRegister32 low)
    {
        c.lea(low, __[R[register] + CodeTemplate.Immediate]);
        c.and(low, CodeTemplate.Mask);
        return __qword_ptr[Scratchpad + address];
    }
}
