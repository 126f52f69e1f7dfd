using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Eight items at once with AVX-512 (F and DQ).</summary>
internal sealed class SuperscalarWriter512 : SuperscalarWriter
{
    private static readonly AssemblerRegisterZMM[] R = [zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7];

    public override int Items => 8;

    // The low half of every word, in zmm31.
    protected override void Load()
    {
        Code.vpternlogd(zmm31, zmm31, zmm31, 0xFF);
        Code.vpsrlq(zmm31, zmm31, 32);
        for (int i = 0; i < 8; i++)
            Code.vmovdqu64(R[i], __zmmword_ptr[rdi + 64 * i]);
    }

    protected override void Store()
    {
        for (int i = 0; i < 8; i++)
            Code.vmovdqu64(__zmmword_ptr[rdi + 64 * i], R[i]);
        Code.vzeroupper();
        Code.ret();
    }

    // Specification, table 6.1.1.
    protected override void Write(SuperscalarInstruction instruction)
    {
        AssemblerRegisterZMM d = R[instruction.Destination];
        AssemblerRegisterZMM s = R[instruction.Source];
        switch (instruction.Opcode)
        {
            case SuperscalarOpcode.ISubR:
                Code.vpsubq(d, d, s);
                break;
            case SuperscalarOpcode.IXorR:
                Code.vpxorq(d, d, s);
                break;
            case SuperscalarOpcode.IAddRs when instruction.Operand == 0:
                Code.vpaddq(d, d, s);
                break;
            case SuperscalarOpcode.IAddRs:
                Code.vpsllq(zmm8, s, (byte)instruction.Operand);
                Code.vpaddq(d, d, zmm8);
                break;
            case SuperscalarOpcode.IMulR:
                Code.vpmullq(d, d, s);
                break;
            case SuperscalarOpcode.IRorC:
                Code.vprorq(d, d, (byte)instruction.Operand);
                break;
            case SuperscalarOpcode.IAddC:
                Code.vpaddq(d, d, __qword_bcst[Constant(instruction.Operand)]);
                break;
            case SuperscalarOpcode.IXorC:
                Code.vpxorq(d, d, __qword_bcst[Constant(instruction.Operand)]);
                break;
            case SuperscalarOpcode.IMulhR:
                WriteHigh(d, s);
                Code.vmovdqa64(d, zmm8);
                break;
            case SuperscalarOpcode.ISMulhR:
                WriteHigh(d, s);
                WriteSigns(d, s);
                Code.vmovdqa64(d, zmm8);
                break;
            case SuperscalarOpcode.IMulRcp:
                Code.vpmullq(d, d, __qword_bcst[Constant(instruction.Operand)]);
                break;
        }
    }

    // The high half of an unsigned product, from four products of halves, to zmm8.
    private void WriteHigh(AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        Code.vpsrlq(zmm9, a, 32);
        Code.vpsrlq(zmm10, b, 32);
        Code.vpmuludq(zmm8, zmm9, zmm10);
        Code.vpmuludq(zmm9, zmm9, b);
        Code.vpmuludq(zmm10, a, zmm10);
        Code.vpmuludq(zmm11, a, b);
        Code.vpsrlq(zmm11, zmm11, 32);
        Code.vpaddq(zmm9, zmm9, zmm11);
        Code.vpandq(zmm11, zmm9, zmm31);
        Code.vpsrlq(zmm9, zmm9, 32);
        Code.vpaddq(zmm10, zmm10, zmm11);
        Code.vpsrlq(zmm10, zmm10, 32);
        Code.vpaddq(zmm8, zmm8, zmm9);
        Code.vpaddq(zmm8, zmm8, zmm10);
    }

    // The high half of the signed product is that of the unsigned one, less b where a is negative, less a where b is.
    private void WriteSigns(AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        Code.vpmovq2m(k1, a);
        Code.vpmovq2m(k2, b);
        Code.vpsubq(zmm8.k1, zmm8, b);
        Code.vpsubq(zmm8.k2, zmm8, a);
    }
}
