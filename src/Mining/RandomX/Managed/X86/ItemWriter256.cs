using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Four items at once with AVX2.</summary>
internal sealed class ItemWriter256(Assembler code, CodeConstants constants) : ItemWriter(code, constants, first: 0)
{
    private static readonly AssemblerRegisterYMM[] R = [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7];

    public override int Items => 4;

    // The low half of every word in ymm15, zero in ymm14.
    public override void Load()
    {
        Code.vpcmpeqd(ymm15, ymm15, ymm15);
        Code.vpsrlq(ymm15, ymm15, 32);
        Code.vpxor(ymm14, ymm14, ymm14);
        for (int i = 0; i < 8; i++)
            Code.vmovdqu(R[i], __ymmword_ptr[States + 32 * i]);
    }

    // Specification, table 6.1.1.
    public override void Write(SuperscalarInstruction instruction)
    {
        AssemblerRegisterYMM d = R[instruction.Destination];
        AssemblerRegisterYMM s = R[instruction.Source];
        switch (instruction.Opcode)
        {
            case SuperscalarOpcode.ISubR:
                Code.vpsubq(d, d, s);
                break;
            case SuperscalarOpcode.IXorR:
                Code.vpxor(d, d, s);
                break;
            case SuperscalarOpcode.IAddRs when instruction.Operand == 0:
                Code.vpaddq(d, d, s);
                break;
            case SuperscalarOpcode.IAddRs:
                Code.vpsllq(ymm8, s, (byte)instruction.Operand);
                Code.vpaddq(d, d, ymm8);
                break;
            case SuperscalarOpcode.IMulR:
                WriteLow(d, s);
                break;
            case SuperscalarOpcode.IRorC:
                Code.vpsrlq(ymm8, d, (byte)instruction.Operand);
                Code.vpsllq(d, d, (byte)(64 - instruction.Operand));
                Code.vpor(d, d, ymm8);
                break;
            case SuperscalarOpcode.IAddC:
                Code.vpbroadcastq(ymm8, __qword_ptr[Constant(instruction.Operand)]);
                Code.vpaddq(d, d, ymm8);
                break;
            case SuperscalarOpcode.IXorC:
                Code.vpbroadcastq(ymm8, __qword_ptr[Constant(instruction.Operand)]);
                Code.vpxor(d, d, ymm8);
                break;
            case SuperscalarOpcode.IMulhR:
                WriteHigh(d, s);
                Code.vmovdqa(d, ymm8);
                break;
            case SuperscalarOpcode.ISMulhR:
                WriteHigh(d, s);
                WriteSigns(d, s);
                Code.vmovdqa(d, ymm8);
                break;
            case SuperscalarOpcode.IMulRcp:
                Code.vpbroadcastq(ymm12, __qword_ptr[Constant(instruction.Operand)]);
                WriteLow(d, ymm12);
                break;
        }
    }

    // As with AVX-512, in two halves of the lines; all but the registers of the items is free by now.
    public override void XorLines()
    {
        for (int half = 0; half < 2; half++)
        {
            AssemblerRegisterYMM[] lines = [ymm8, ymm9, ymm10, ymm11];
            for (int item = 0; item < 4; item++)
            {
                LoadLine(item);
                Code.vmovdqu(lines[item], __ymmword_ptr[rax + 32 * half]);
            }
            Code.vpunpcklqdq(ymm12, ymm8, ymm9);
            Code.vpunpckhqdq(ymm13, ymm8, ymm9);
            Code.vpunpcklqdq(ymm14, ymm10, ymm11);
            Code.vpunpckhqdq(ymm15, ymm10, ymm11);
            Code.vperm2i128(ymm8, ymm12, ymm14, 0x20);
            Code.vperm2i128(ymm9, ymm13, ymm15, 0x20);
            Code.vperm2i128(ymm10, ymm12, ymm14, 0x31);
            Code.vperm2i128(ymm11, ymm13, ymm15, 0x31);
            for (int word = 0; word < 4; word++)
                Code.vpxor(R[4 * half + word], R[4 * half + word], lines[word]);
        }
    }

    public override void FindLines(int addressRegister)
    {
        Code.vpsllq(ymm8, R[addressRegister], LineShift);
        Code.vpbroadcastq(ymm9, __qword_ptr[rcx]);
        Code.vpand(ymm8, ymm8, ymm9);
        Code.vpbroadcastq(ymm9, __qword_ptr[rcx + LineSource.CacheOffset]);
        Code.vpaddq(ymm8, ymm8, ymm9);
        Code.vmovdqu(__ymmword_ptr[Lines], ymm8);
    }

    public override void Store()
    {
        for (int i = 0; i < 8; i++)
            Code.vmovdqu(__ymmword_ptr[States + 32 * i], R[i]);
        Code.vzeroupper();
    }

    // a * b: the low product, plus the two mixed ones shifted up.
    private void WriteLow(AssemblerRegisterYMM a, AssemblerRegisterYMM b)
    {
        Code.vpsrlq(ymm8, a, 32);
        Code.vpmuludq(ymm8, ymm8, b);
        Code.vpsrlq(ymm9, b, 32);
        Code.vpmuludq(ymm9, ymm9, a);
        Code.vpaddq(ymm8, ymm8, ymm9);
        Code.vpsllq(ymm8, ymm8, 32);
        Code.vpmuludq(a, a, b);
        Code.vpaddq(a, a, ymm8);
    }

    // The high half of an unsigned product, from four products of halves, to ymm8.
    private void WriteHigh(AssemblerRegisterYMM a, AssemblerRegisterYMM b)
    {
        Code.vpsrlq(ymm9, a, 32);
        Code.vpsrlq(ymm10, b, 32);
        Code.vpmuludq(ymm8, ymm9, ymm10);
        Code.vpmuludq(ymm9, ymm9, b);
        Code.vpmuludq(ymm10, a, ymm10);
        Code.vpmuludq(ymm11, a, b);
        Code.vpsrlq(ymm11, ymm11, 32);
        Code.vpaddq(ymm9, ymm9, ymm11);
        Code.vpand(ymm11, ymm9, ymm15);
        Code.vpsrlq(ymm9, ymm9, 32);
        Code.vpaddq(ymm10, ymm10, ymm11);
        Code.vpsrlq(ymm10, ymm10, 32);
        Code.vpaddq(ymm8, ymm8, ymm9);
        Code.vpaddq(ymm8, ymm8, ymm10);
    }

    // The high half of the signed product is that of the unsigned one, less b where a is negative, less a where b is.
    private void WriteSigns(AssemblerRegisterYMM a, AssemblerRegisterYMM b)
    {
        Code.vpcmpgtq(ymm9, ymm14, a);
        Code.vpand(ymm9, ymm9, b);
        Code.vpsubq(ymm8, ymm8, ymm9);
        Code.vpcmpgtq(ymm9, ymm14, b);
        Code.vpand(ymm9, ymm9, a);
        Code.vpsubq(ymm8, ymm8, ymm9);
    }
}
