using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The generator of programs, four rounds per 16 bytes (specification, chapter 3.3).</summary>
internal static class AesGenerator4R
{
    private static readonly Vector128<byte>[] Keys01 =
    [
        AesKey.Read("ddaa2164db3d83d12b6d542f3fd2e599"),
        AesKey.Read("50340eb2553f91b6539df706e5cddfa5"),
        AesKey.Read("04d93e5caf7b5e519f67a40abf021c17"),
        AesKey.Read("63376285085d8fe7853767cd91d2ded8"),
    ];

    private static readonly Vector128<byte>[] Keys23 =
    [
        AesKey.Read("736f82b5a6a7d6e36d8b513db4ff9e22"),
        AesKey.Read("f36b56c7d9b3109c4e4d02e9d2b772b2"),
        AesKey.Read("e7c973f28ba365f70a66a92ba7ef3bf6"),
        AesKey.Read("09d67c7ade395891fdd1060c2d76b0c0"),
    ];

    /// <summary>Writes output to <paramref name="output"/>, a multiple of 64 bytes, and leaves the final state in <paramref name="state"/>, 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(Span<byte> state, Span<byte> output)
    {
        Vector128<byte> state0 = Vector128.Create<byte>(state[..16]);
        Vector128<byte> state1 = Vector128.Create<byte>(state[16..32]);
        Vector128<byte> state2 = Vector128.Create<byte>(state[32..48]);
        Vector128<byte> state3 = Vector128.Create<byte>(state[48..64]);
        ref Vector128<byte> keys01 = ref MemoryMarshal.GetArrayDataReference(Keys01);
        ref Vector128<byte> keys23 = ref MemoryMarshal.GetArrayDataReference(Keys23);
        ref byte start = ref MemoryMarshal.GetReference(output);
        for (int i = 0; i <= output.Length - 64; i += 64)
        {
            for (int round = 0; round < 4; round++)
            {
                Vector128<byte> key01 = Unsafe.Add(ref keys01, round);
                Vector128<byte> key23 = Unsafe.Add(ref keys23, round);
                state0 = AesRound.Decrypt(state0, key01);
                state1 = AesRound.Encrypt(state1, key01);
                state2 = AesRound.Decrypt(state2, key23);
                state3 = AesRound.Encrypt(state3, key23);
            }
            state0.StoreUnsafe(ref start, (nuint)i);
            state1.StoreUnsafe(ref start, (nuint)i + 16);
            state2.StoreUnsafe(ref start, (nuint)i + 32);
            state3.StoreUnsafe(ref start, (nuint)i + 48);
        }
        state0.CopyTo(state);
        state1.CopyTo(state[16..]);
        state2.CopyTo(state[32..]);
        state3.CopyTo(state[48..]);
    }
}
