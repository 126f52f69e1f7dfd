using Iced.Intel;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>A piece of machine code with places for constants, assembled once at start.</summary>
internal sealed class CodeTemplate
{
    /// <summary>Pieces can be copied in whole blocks of so many bytes, whatever their length.</summary>
    public const int CopySize = 64;

    /// <summary>Stands for a constant of 32 bits while a piece is assembled.</summary>
    public const int Immediate = 0x11223344;

    /// <summary>Stands for an address mask or condition mask.</summary>
    public const int Mask = 0x12345678;

    /// <summary>Stands for the count of a rotation; its byte occurs nowhere else in a piece that has one.</summary>
    public const byte Rotation = 0x2D;

    /// <summary>Stands for a constant of 64 bits.</summary>
    public const long LongImmediate = 0x7A7B7C7D7E7F0102;

    private CodeTemplate(byte[] code, int length)
    {
        Code = code;
        Length = length;
        ReadOnlySpan<byte> used = code.AsSpan(0, length);
        LongImmediateOffset = Find(used, BitConverter.GetBytes(LongImmediate));
        ImmediateOffset = Find(used, BitConverter.GetBytes(Immediate));
        MaskOffset = Find(used, BitConverter.GetBytes(Mask));
    }

    /// <summary>The code, padded to at least <see cref="CopySize"/> bytes.</summary>
    public byte[] Code { get; }

    /// <summary>Bytes of code.</summary>
    public int Length { get; }

    /// <summary>Where the constant goes, or −1.</summary>
    public int ImmediateOffset { get; }

    /// <summary>Where the mask goes, or −1.</summary>
    public int MaskOffset { get; }

    /// <summary>Where the count goes in a piece that has one.</summary>
    public int RotationOffset => Code.AsSpan(0, Length).IndexOf(Rotation);

    /// <summary>Where the constant of 64 bits goes, or −1.</summary>
    public int LongImmediateOffset { get; }

    /// <summary>Assembles what <paramref name="write"/> writes; position-independent.</summary>
    public static CodeTemplate Assemble(Action<Assembler> write)
    {
        Assembler assembler = new(64);
        write(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), rip: 0);
        int length = (int)stream.Length;
        byte[] code = new byte[Math.Max(CopySize, length)];
        stream.ToArray().CopyTo(code, 0);
        return new CodeTemplate(code, length);
    }

    // x86 is little-endian, and so is everything that this class runs on.
    private static int Find(ReadOnlySpan<byte> code, byte[] constant) => code.IndexOf(constant);
}
