using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The fast generator, one round per 16 bytes, that fills scratchpads (specification, chapter 3.2).</summary>
internal static class AesGenerator1R
{
    private static readonly Vector128<byte> Key0 = AesKey.Read("53a5ac6d096671622b55b5db1749f4b4");
    private static readonly Vector128<byte> Key1 = AesKey.Read("07af7c6d0d716a8478d325174edca10d");
    private static readonly Vector128<byte> Key2 = AesKey.Read("f162123fc67e949f4f79c0f445e3203e");
    private static readonly Vector128<byte> Key3 = AesKey.Read("3581ef6a7c31bab1884c311654911649");

    /// <summary>Writes output to <paramref name="output"/>, a multiple of 64 bytes, and leaves the final state in <paramref name="state"/>, 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(Span<byte> state, Span<byte> output)
    {
        Vector128<byte> state0 = Vector128.Create<byte>(state[..16]);
        Vector128<byte> state1 = Vector128.Create<byte>(state[16..32]);
        Vector128<byte> state2 = Vector128.Create<byte>(state[32..48]);
        Vector128<byte> state3 = Vector128.Create<byte>(state[48..64]);
        for (; output.Length >= 64; output = output[64..])
        {
            state0 = AesRound.Decrypt(state0, Key0);
            state1 = AesRound.Encrypt(state1, Key1);
            state2 = AesRound.Decrypt(state2, Key2);
            state3 = AesRound.Encrypt(state3, Key3);
            state0.CopyTo(output);
            state1.CopyTo(output[16..]);
            state2.CopyTo(output[32..]);
            state3.CopyTo(output[48..]);
        }
        state0.CopyTo(state);
        state1.CopyTo(state[16..]);
        state2.CopyTo(state[32..]);
        state3.CopyTo(state[48..]);
    }
}
