using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The fingerprint of a scratchpad (specification, chapter 3.4).</summary>
internal static class AesHash1R
{
    private static readonly Vector128<byte> State0 = AesKey.Read("0d2cb592de56a89f47db82ccad3a98d7");
    private static readonly Vector128<byte> State1 = AesKey.Read("6e998d3398b7c7155a129ef55780e7ac");
    private static readonly Vector128<byte> State2 = AesKey.Read("1700776ad0c762ae6b507950e47ca0e8");
    private static readonly Vector128<byte> State3 = AesKey.Read("0c240a638d82ad070500a1794849997e");
    private static readonly Vector128<byte> ExtraKey0 = AesKey.Read("8983faf69f94248bbf56dc9001028906");
    private static readonly Vector128<byte> ExtraKey1 = AesKey.Read("d163b2613ce0f451c64310ee9bf918ed");

    /// <param name="input">A multiple of 64 bytes.</param>
    /// <param name="hash">64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        Vector128<byte> state0 = State0, state1 = State1, state2 = State2, state3 = State3;
        for (; input.Length >= 64; input = input[64..])
        {
            state0 = AesRound.Encrypt(state0, Vector128.Create(input[..16]));
            state1 = AesRound.Decrypt(state1, Vector128.Create(input[16..32]));
            state2 = AesRound.Encrypt(state2, Vector128.Create(input[32..48]));
            state3 = AesRound.Decrypt(state3, Vector128.Create(input[48..64]));
        }
        foreach (Vector128<byte> key in (ReadOnlySpan<Vector128<byte>>)[ExtraKey0, ExtraKey1])
        {
            state0 = AesRound.Encrypt(state0, key);
            state1 = AesRound.Decrypt(state1, key);
            state2 = AesRound.Encrypt(state2, key);
            state3 = AesRound.Decrypt(state3, key);
        }
        state0.CopyTo(hash);
        state1.CopyTo(hash[16..]);
        state2.CopyTo(hash[32..]);
        state3.CopyTo(hash[48..]);
    }
}
