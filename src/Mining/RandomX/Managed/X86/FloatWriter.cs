using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static P2PMiner.Mining.RandomX.Managed.X86.Registers;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Writes floating-point instructions on pairs of numbers. With <see cref="RoundingKind.Embedded"/> they are those on vectors of eight,
/// as only these have a rounding mode; their upper numbers mean nothing.
/// </summary>
/// <param name="c">Gets them.</param>
/// <param name="rounding">Which ones.</param>
internal readonly struct FloatWriter(Assembler c, RoundingKind rounding)
{
    /// <summary>
    /// In a rounded instruction with <see cref="RoundingKind.Embedded"/>, the last one of its template: where the rounding mode goes,
    /// bytes before the end (Intel SDM, volume 2, chapter 2.7.1: L'L in the third byte of the prefix EVEX).
    /// </summary>
    public const int ModeFromEnd = 3;

    /// <summary>By so many bits to the left.</summary>
    public const int ModeShift = 5;

    // (a AND b) OR c, the truth table of VPTERNLOG.
    private const byte AndThenOr = 0xEA;

    private static readonly AssemblerRegisterZMM[] Wide =
        [zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15];

    private bool IsEmbedded => rounding == RoundingKind.Embedded;

    public void Add(AssemblerRegisterXMM d, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vaddpd(WideOf(d), WideOf(d), WideOf(s).rn_sae);
        else
            c.addpd(d, s);
    }

    public void Subtract(AssemblerRegisterXMM d, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vsubpd(WideOf(d), WideOf(d), WideOf(s).rn_sae);
        else
            c.subpd(d, s);
    }

    public void Multiply(AssemblerRegisterXMM d, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vmulpd(WideOf(d), WideOf(d), WideOf(s).rn_sae);
        else
            c.mulpd(d, s);
    }

    public void Divide(AssemblerRegisterXMM d, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vdivpd(WideOf(d), WideOf(d), WideOf(s).rn_sae);
        else
            c.divpd(d, s);
    }

    public void SquareRoot(AssemblerRegisterXMM d)
    {
        if (IsEmbedded)
            c.vsqrtpd(WideOf(d), WideOf(d).rn_sae);
        else
            c.sqrtpd(d, d);
    }

    /// <summary>Two integers of 32 bits to floating point (specification, chapter 4.3.1).</summary>
    public void Convert(AssemblerRegisterXMM d, AssemblerMemoryOperand memory)
    {
        if (IsEmbedded)
            c.vcvtdq2pd(d, memory);
        else
            c.cvtdq2pd(d, memory);
    }

    /// <summary>Makes a converted number one of group E (specification, chapter 4.3.2).</summary>
    public void MaskExponent(AssemblerRegisterXMM d)
    {
        if (IsEmbedded)
        {
            c.vpternlogd(WideOf(d), WideOf(MantissaMask), WideOf(ExponentMask), AndThenOr);
            return;
        }
        c.andps(d, MantissaMask);
        c.orps(d, ExponentMask);
    }

    public void Xor(AssemblerRegisterXMM d, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vxorps(d, d, s);
        else
            c.xorps(d, s);
    }

    /// <summary>Exchanges the two numbers.</summary>
    public void Swap(AssemblerRegisterXMM d)
    {
        if (IsEmbedded)
            c.vshufpd(d, d, d, 1);
        else
            c.shufpd(d, d, 1);
    }

    public void Load(AssemblerRegisterXMM d, AssemblerMemoryOperand memory)
    {
        if (IsEmbedded)
            c.vmovaps(d, memory);
        else
            c.movaps(d, memory);
    }

    public void Store(AssemblerMemoryOperand memory, AssemblerRegisterXMM s)
    {
        if (IsEmbedded)
            c.vmovaps(memory, s);
        else
            c.movaps(memory, s);
    }

    public void AesEncrypt(AssemblerRegisterXMM d, AssemblerRegisterXMM key)
    {
        if (IsEmbedded)
            c.vaesenc(d, d, key);
        else
            c.aesenc(d, key);
    }

    public void AesDecrypt(AssemblerRegisterXMM d, AssemblerRegisterXMM key)
    {
        if (IsEmbedded)
            c.vaesdec(d, d, key);
        else
            c.aesdec(d, key);
    }

    /// <summary>Before code that may use other floating-point instructions: some processors are slow as long as upper numbers are there.</summary>
    public void End()
    {
        if (IsEmbedded)
            c.vzeroupper();
    }

    private static AssemblerRegisterZMM WideOf(AssemblerRegisterXMM register) => Wide[register.Value - Register.XMM0];
}
