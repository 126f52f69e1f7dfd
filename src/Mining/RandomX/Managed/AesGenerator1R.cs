using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The fast generator, one round per 16 bytes, that fills scratchpads (specification, chapter 3.2).</summary>
internal static class AesGenerator1R
{
    internal static readonly Vector128<byte> Key0 = AesKey.Read("53a5ac6d096671622b55b5db1749f4b4");
    internal static readonly Vector128<byte> Key1 = AesKey.Read("07af7c6d0d716a8478d325174edca10d");
    internal static readonly Vector128<byte> Key2 = AesKey.Read("f162123fc67e949f4f79c0f445e3203e");
    internal static readonly Vector128<byte> Key3 = AesKey.Read("3581ef6a7c31bab1884c311654911649");

    /// <summary>The four keys, 64 bytes.</summary>
    internal static void CopyKeys(Span<byte> keys)
    {
        Key0.CopyTo(keys);
        Key1.CopyTo(keys[16..]);
        Key2.CopyTo(keys[32..]);
        Key3.CopyTo(keys[48..]);
    }

    /// <summary>Writes output to <paramref name="output"/>, a multiple of 64 bytes, and leaves the final state in <paramref name="state"/>, 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(Span<byte> state, Span<byte> output)
    {
        Vector128<byte> state0 = Vector128.Create<byte>(state[..16]);
        Vector128<byte> state1 = Vector128.Create<byte>(state[16..32]);
        Vector128<byte> state2 = Vector128.Create<byte>(state[32..48]);
        Vector128<byte> state3 = Vector128.Create<byte>(state[48..64]);
        (Vector128<byte> key0, Vector128<byte> key1, Vector128<byte> key2, Vector128<byte> key3) = (Key0, Key1, Key2, Key3);
        ref byte start = ref MemoryMarshal.GetReference(output);
        for (int i = 0; i <= output.Length - 64; i += 64)
        {
            state0 = AesRound.Decrypt(state0, key0);
            state1 = AesRound.Encrypt(state1, key1);
            state2 = AesRound.Decrypt(state2, key2);
            state3 = AesRound.Encrypt(state3, key3);
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
