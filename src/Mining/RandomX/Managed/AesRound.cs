using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>One AES round on 16 bytes (specification, chapter 3.1; FIPS 197): by the CPU's instruction where it has one, else from tables.</summary>
/// <remarks>VAES is used where several scratchpads are ended at once (<see cref="X86.WideAes"/>): a single one would not be sooner by it.</remarks>
internal static class AesRound
{
    private static readonly byte[] Box = MakeBox();
    private static readonly uint[] EncryptTable = MakeEncryptTable(Box);
    private static readonly uint[] DecryptTable = MakeDecryptTable(Box);

    /// <summary>ShiftRows, SubBytes, MixColumns, then XOR with the key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Encrypt(Vector128<byte> state, Vector128<byte> key) =>
        X86Aes.IsSupported ? X86Aes.Encrypt(state, key) : EncryptSoft(state, key);

    /// <summary>Inverse ShiftRows, SubBytes, MixColumns, then XOR with the key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Decrypt(Vector128<byte> state, Vector128<byte> key) =>
        X86Aes.IsSupported ? X86Aes.Decrypt(state, key) : DecryptSoft(state, key);

    internal static Vector128<byte> EncryptSoft(Vector128<byte> state, Vector128<byte> key) => Soft(EncryptTable, 1, state, key);

    internal static Vector128<byte> DecryptSoft(Vector128<byte> state, Vector128<byte> key) => Soft(DecryptTable, 3, state, key);

    // A column takes its byte of row r from the column that is r × step further.
    private static Vector128<byte> Soft(uint[] table, int step, Vector128<byte> state, Vector128<byte> key)
    {
        Span<byte> bytes = stackalloc byte[16];
        state.CopyTo(bytes);
        Span<uint> columns = stackalloc uint[4];
        for (int column = 0; column < 4; column++)
        {
            uint mixed = 0;
            for (int row = 0; row < 4; row++)
                mixed ^= uint.RotateLeft(table[bytes[(4 * (column + row * step) + row) % 16]], 8 * row);
            columns[column] = BitConverter.IsLittleEndian ? mixed : BinaryPrimitives.ReverseEndianness(mixed);
        }
        return Vector128.Create<uint>(columns).AsByte() ^ key;
    }

    // FIPS 197, section 5.1.1: the inverse in GF(2^8), then the affine map. 3 generates the field's multiplicative group.
    private static byte[] MakeBox()
    {
        byte[] box = new byte[256];
        byte power = 1;
        byte inverse = 1;
        do
        {
            power ^= Double(power);
            inverse = DivideByThree(inverse);
            box[power] = (byte)(inverse ^ byte.RotateLeft(inverse, 1) ^ byte.RotateLeft(inverse, 2) ^ byte.RotateLeft(inverse, 3)
                ^ byte.RotateLeft(inverse, 4) ^ 0x63);
        }
        while (power != 1);
        box[0] = 0x63;
        return box;
    }

    private static uint[] MakeEncryptTable(byte[] box)
    {
        uint[] table = new uint[256];
        for (int i = 0; i < 256; i++)
            table[i] = Column(box[i], 2, 1, 1, 3);
        return table;
    }

    private static uint[] MakeDecryptTable(byte[] box)
    {
        uint[] table = new uint[256];
        for (int i = 0; i < 256; i++)
            table[box[i]] = Column((byte)i, 14, 9, 13, 11);
        return table;
    }

    private static uint Column(byte value, byte a, byte b, byte c, byte d) =>
        Multiply(value, a) | (uint)Multiply(value, b) << 8 | (uint)Multiply(value, c) << 16 | (uint)Multiply(value, d) << 24;

    private static byte Multiply(byte x, byte y)
    {
        byte product = 0;
        for (; y != 0; y >>= 1, x = Double(x))
        {
            if ((y & 1) != 0)
                product ^= x;
        }
        return product;
    }

    private static byte Double(byte x) => (byte)(x << 1 ^ (x >= 0x80 ? 0x1b : 0));

    // 0xf6 is the inverse of 3.
    private static byte DivideByThree(byte x) => Multiply(x, 0xf6);
}
