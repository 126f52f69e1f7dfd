using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>One item in the integer registers: the soonest way to a single one, and the only one without AVX2.</summary>
internal sealed class ItemWriter64(Assembler code, CodeConstants constants, int first) : ItemWriter(code, constants, first)
{
    private static readonly AssemblerRegister64[] R = [r8, r9, r10, r11, r12, r13, r14, r15];
    private static readonly AssemblerRegister64[] Saved = [r12, r13, r14, r15];

    public override int Items => 1;

    public override void Load()
    {
        foreach (AssemblerRegister64 register in Saved)
            Code.push(register);
        for (int i = 0; i < 8; i++)
            Code.mov(R[i], __qword_ptr[States + 8 * i]);
    }

    // Specification, table 6.1.1.
    public override void Write(SuperscalarInstruction instruction)
    {
        AssemblerRegister64 d = R[instruction.Destination];
        AssemblerRegister64 s = R[instruction.Source];
        switch (instruction.Opcode)
        {
            case SuperscalarOpcode.ISubR:
                Code.sub(d, s);
                break;
            case SuperscalarOpcode.IXorR:
                Code.xor(d, s);
                break;
            case SuperscalarOpcode.IAddRs:
                Code.lea(d, __[d + s * (1 << (int)instruction.Operand)]);
                break;
            case SuperscalarOpcode.IMulR:
                Code.imul(d, s);
                break;
            case SuperscalarOpcode.IRorC:
                Code.ror(d, (byte)instruction.Operand);
                break;
            case SuperscalarOpcode.IAddC:
                Code.add(d, (int)instruction.Operand);
                break;
            case SuperscalarOpcode.IXorC:
                Code.xor(d, (int)instruction.Operand);
                break;
            case SuperscalarOpcode.IMulhR:
                Code.mov(rax, d);
                Code.mul(s);
                Code.mov(d, rdx);
                break;
            case SuperscalarOpcode.ISMulhR:
                Code.mov(rax, d);
                Code.imul(s);
                Code.mov(d, rdx);
                break;
            case SuperscalarOpcode.IMulRcp:
                Code.mov(rax, instruction.Operand);
                Code.imul(d, rax);
                break;
        }
    }

    public override void XorLines()
    {
        LoadLine(item: 0);
        for (int i = 0; i < 8; i++)
            Code.xor(R[i], __qword_ptr[rax + 8 * i]);
    }

    public override void FindLines(int addressRegister)
    {
        Code.mov(rax, R[addressRegister]);
        Code.shl(rax, LineShift);
        Code.and(rax, __qword_ptr[rcx]);
        Code.add(rax, __qword_ptr[rcx + LineSource.CacheOffset]);
        Code.mov(__qword_ptr[Lines], rax);
    }

    public override void Store()
    {
        for (int i = 0; i < 8; i++)
            Code.mov(__qword_ptr[States + 8 * i], R[i]);
        foreach (AssemblerRegister64 register in Saved.Reverse())
            Code.pop(register);
    }
}
