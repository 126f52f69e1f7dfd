using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using P2PMiner.Hardware;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// <see cref="AesHash1R.HashAndFill"/> for several scratchpads at once, with VAES on 512 bits, for which .NET has no intrinsics. Every
/// vector is both encrypted and decrypted, because its four columns take turns in that, and the wrong half of each is thrown away. So one
/// scratchpad alone would take longer than with AES-NI, two take four fifths and four take two thirds of the time.
/// </summary>
internal static unsafe class WideAes
{
    /// <summary>So many scratchpads at once.</summary>
    public const int MostLanes = 4;

    private const int Size = 64;

    // Two bits for each of the columns 1 and 3.
    private const int OddColumns = 0b11001100;

    private static readonly AssemblerRegisterZMM[] Hashes = [zmm0, zmm1, zmm2, zmm3];
    private static readonly AssemblerRegisterZMM[] Generators = [zmm4, zmm5, zmm6, zmm7];

    private static readonly Lazy<CodeMemory>[] Codes =
        [.. Enumerable.Range(0, MostLanes + 1).Select(lanes => new Lazy<CodeMemory>(() => CodeMemory.Of(CodeTemplate.Assemble(c => Write(c, lanes))), LazyThreadSafetyMode.PublicationOnly))];

    /// <summary>True if this CPU has the instructions.</summary>
    public static bool IsSupported { get; } = Avx512F.IsSupported && FrameworkProbe.HasVaes;

    /// <summary>Hashes scratchpads that lie one behind the other, and fills them anew.</summary>
    /// <param name="scratchpads">The first one's memory, on a 64-byte line.</param>
    /// <param name="hashes">64 bytes for each: gets the fingerprint.</param>
    /// <param name="states">64 bytes for each, the generator's; gets the final ones.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public static void HashAndFill(byte* scratchpads, Span<byte> hashes, Span<byte> states)
    {
        int lanes = states.Length / Size;
        Span<byte> all = stackalloc byte[(2 * MostLanes + 1) * Size];
        for (int lane = 0; lane < lanes; lane++)
            AesHash1R.Begin(all.Slice(lane * Size, Size));
        states.CopyTo(all[(lanes * Size)..]);
        AesGenerator1R.CopyKeys(all.Slice(2 * lanes * Size, Size));
        fixed (byte* start = all)
            ((delegate* unmanaged[Cdecl]<byte*, byte*, void>)Codes[lanes].Value.Executable)(scratchpads, start);
        all.Slice(lanes * Size, lanes * Size).CopyTo(states);
        for (int lane = 0; lane < lanes; lane++)
            AesHash1R.End(all.Slice(lane * Size, Size), hashes.Slice(lane * Size, Size));
    }

    // A function of the first scratchpad and, as in HashAndFill, the states of the hashes, those of the generators, and the keys.
    private static void Write(Assembler c, int lanes)
    {
        (AssemblerRegisterZMM keys, AssemblerRegisterZMM line, AssemblerRegisterZMM other) = (zmm8, zmm9, zmm10);
        Label next = c.CreateLabel();
        c.mov(eax, OddColumns);
        c.kmovw(k1, eax);
        for (int lane = 0; lane < lanes; lane++)
        {
            c.vmovdqu64(Hashes[lane], __zmmword_ptr[rsi + lane * Size]);
            c.vmovdqu64(Generators[lane], __zmmword_ptr[rsi + (lanes + lane) * Size]);
        }
        c.vmovdqu64(keys, __zmmword_ptr[rsi + 2 * lanes * Size]);
        c.lea(rdx, __[rdi + Parameters.ScratchpadL3]);
        c.Label(ref next);
        for (int lane = 0; lane < lanes; lane++)
        {
            c.vmovdqa64(line, __zmmword_ptr[rdi + lane * Parameters.ScratchpadL3]);
            c.vaesdec(other, Hashes[lane], line);
            c.vaesenc(Hashes[lane], Hashes[lane], line);
            c.vmovdqa64(Hashes[lane].k1, other);
        }
        for (int lane = 0; lane < lanes; lane++)
        {
            c.vaesenc(other, Generators[lane], keys);
            c.vaesdec(Generators[lane], Generators[lane], keys);
            c.vmovdqa64(Generators[lane].k1, other);
            c.vmovdqa64(__zmmword_ptr[rdi + lane * Parameters.ScratchpadL3], Generators[lane]);
        }
        c.add(rdi, Size);
        c.cmp(rdi, rdx);
        c.jb(next);
        for (int lane = 0; lane < lanes; lane++)
        {
            c.vmovdqu64(__zmmword_ptr[rsi + lane * Size], Hashes[lane]);
            c.vmovdqu64(__zmmword_ptr[rsi + (lanes + lane) * Size], Generators[lane]);
        }
        c.vzeroupper();
        c.ret();
    }
}
