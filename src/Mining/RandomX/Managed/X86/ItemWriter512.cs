using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Eight items at once with AVX-512 (F and DQ).</summary>
internal sealed class ItemWriter512(Assembler code, CodeConstants constants) : ItemWriter(code, constants, first: 0)
{
    private static readonly AssemblerRegisterZMM[] R = [zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7];

    private const byte LessThan = 1;

    // The lines of the items, then their words; and what they are exchanged with the help of.
    private readonly AssemblerRegisterZMM[] _lines = [zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19];
    private AssemblerRegisterZMM _spare = zmm20;

    public override int Items => 8;

    // 2^32 in every word of zmm31.
    public override void Load()
    {
        Code.vpternlogd(zmm31, zmm31, zmm31, 0xFF);
        Code.vpsrlq(zmm31, zmm31, 63);
        Code.vpsllq(zmm31, zmm31, 32);
        for (int i = 0; i < 8; i++)
            Code.vmovdqu64(R[i], __zmmword_ptr[States + 64 * i]);
    }

    // Specification, table 6.1.1.
    public override void Write(SuperscalarInstruction instruction)
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
            case SuperscalarOpcode.IMulhR or SuperscalarOpcode.ISMulhR:
                WriteHigh(d, s, isSigned: instruction.Opcode == SuperscalarOpcode.ISMulhR);
                break;
            case SuperscalarOpcode.IMulRcp:
                Code.vpmullq(d, d, __qword_bcst[Constant(instruction.Operand)]);
                break;
        }
    }

    // A line has the eight words of one item, a vector one word of every item: so the lines are transposed, pairs of words first, then quarters,
    // then halves of the vectors.
    public override IEnumerable<Action> ReadLines()
    {
        for (int i = 0; i < 8; i++)
        {
            int item = i;
            yield return () => ReadLine(item);
        }
        for (int distance = 1; distance < 8; distance *= 2)
        {
            for (int i = 0; i < 8; i++)
            {
                (int first, int second) = (i, i + distance);
                if ((first & distance) == 0)
                    yield return second - first == 1 ? () => ExchangeWords(first, second) : () => ExchangeQuarters(first, second);
            }
        }
    }

    public override void XorLines()
    {
        for (int i = 0; i < 8; i++)
            Code.vpxorq(R[i], R[i], _lines[i]);
    }

    public override void FindLines(int addressRegister)
    {
        Code.vpsllq(zmm8, R[addressRegister], LineShift);
        Code.vpandq(zmm8, zmm8, __qword_bcst[rcx]);
        Code.vpaddq(zmm8, zmm8, __qword_bcst[rcx + LineSource.CacheOffset]);
        Code.vmovdqu64(__zmmword_ptr[Lines], zmm8);
    }

    public override void Store()
    {
        for (int i = 0; i < 8; i++)
            Code.vmovdqu64(__zmmword_ptr[States + 64 * i], R[i]);
        Code.vzeroupper();
    }

    private void ReadLine(int item)
    {
        LoadLine(item);
        Code.vmovdqu64(_lines[item], __zmmword_ptr[rax]);
    }

    private void ExchangeWords(int first, int second)
    {
        Code.vpunpcklqdq(_spare, _lines[first], _lines[second]);
        Code.vpunpckhqdq(_lines[first], _lines[first], _lines[second]);
        (_lines[first], _lines[second], _spare) = (_spare, _lines[first], _lines[second]);
    }

    private void ExchangeQuarters(int first, int second)
    {
        Code.vshufi64x2(_spare, _lines[first], _lines[second], 0x88);
        Code.vshufi64x2(_lines[first], _lines[first], _lines[second], 0xDD);
        (_lines[first], _lines[second], _spare) = (_spare, _lines[first], _lines[second]);
    }

    // The high half of a product of 64 bits, from four products of halves. For the signed one, that of the unsigned one is made less by b where a is negative, and by a where b is.
    private void WriteHigh(AssemblerRegisterZMM a, AssemblerRegisterZMM b, bool isSigned)
    {
        Code.vpsrlq(zmm9, a, 32);
        Code.vpsrlq(zmm10, b, 32);
        Code.vpmuludq(zmm8, zmm9, zmm10);
        Code.vpmuludq(zmm9, zmm9, b);
        Code.vpmuludq(zmm10, a, zmm10);
        Code.vpmuludq(zmm11, a, b);
        if (isSigned)
        {
            Code.vpmovq2m(k1, a);
            Code.vpmovq2m(k2, b);
            Code.vpsubq(zmm8.k1, zmm8, b);
            Code.vpsubq(zmm8.k2, zmm8, a);
        }
        Code.vpsrlq(zmm11, zmm11, 32);
        Code.vpaddq(zmm9, zmm9, zmm11);
        Code.vpaddq(zmm9, zmm9, zmm10);
        // The first sum has room in a word, the second one may have carried.
        Code.vpcmpuq(k3, zmm9, zmm10, LessThan);
        Code.vpsrlq(zmm9, zmm9, 32);
        Code.vpaddq(a, zmm8, zmm9);
        Code.vpaddq(a.k3, a, zmm31);
    }
}
