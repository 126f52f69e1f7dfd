using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
        ref byte start = ref MemoryMarshal.GetReference(input);
        for (int i = 0; i <= input.Length - 64; i += 64)
        {
            state0 = AesRound.Encrypt(state0, Vector128.LoadUnsafe(ref start, (nuint)i));
            state1 = AesRound.Decrypt(state1, Vector128.LoadUnsafe(ref start, (nuint)i + 16));
            state2 = AesRound.Encrypt(state2, Vector128.LoadUnsafe(ref start, (nuint)i + 32));
            state3 = AesRound.Decrypt(state3, Vector128.LoadUnsafe(ref start, (nuint)i + 48));
        }
        Finish(state0, state1, state2, state3, hash);
    }

    /// <summary>
    /// <see cref="Hash"/> and <see cref="AesGenerator1R.Fill"/> in one: each line of the scratchpad comes to the caches once, and
    /// the two wait for their own rounds at the same time.
    /// </summary>
    /// <param name="scratchpad">A multiple of 64 bytes, hashed and then overwritten.</param>
    /// <param name="hash">64 bytes.</param>
    /// <param name="state">The generator's, 64 bytes; gets the final one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void HashAndFill(Span<byte> scratchpad, Span<byte> hash, Span<byte> state)
    {
        Vector128<byte> state0 = State0, state1 = State1, state2 = State2, state3 = State3;
        Vector128<byte> key0 = AesGenerator1R.Key0, key1 = AesGenerator1R.Key1, key2 = AesGenerator1R.Key2, key3 = AesGenerator1R.Key3;
        fixed (byte* next = state, start = scratchpad)
        {
            Vector128<byte> next0 = Vector128.Load(next), next1 = Vector128.Load(next + 16);
            Vector128<byte> next2 = Vector128.Load(next + 32), next3 = Vector128.Load(next + 48);
            byte* end = start + scratchpad.Length;
            for (byte* line = start; line < end; line += 64)
            {
                state0 = AesRound.Encrypt(state0, Vector128.Load(line));
                state1 = AesRound.Decrypt(state1, Vector128.Load(line + 16));
                state2 = AesRound.Encrypt(state2, Vector128.Load(line + 32));
                state3 = AesRound.Decrypt(state3, Vector128.Load(line + 48));
                next0 = AesRound.Decrypt(next0, key0);
                next1 = AesRound.Encrypt(next1, key1);
                next2 = AesRound.Decrypt(next2, key2);
                next3 = AesRound.Encrypt(next3, key3);
                next0.Store(line);
                next1.Store(line + 16);
                next2.Store(line + 32);
                next3.Store(line + 48);
            }
            next0.Store(next);
            next1.Store(next + 16);
            next2.Store(next + 32);
            next3.Store(next + 48);
        }
        Finish(state0, state1, state2, state3, hash);
    }

    /// <summary>What a hash begins with, for those who do the rounds of the input themselves: 64 bytes.</summary>
    internal static void Begin(Span<byte> state)
    {
        State0.CopyTo(state);
        State1.CopyTo(state[16..]);
        State2.CopyTo(state[32..]);
        State3.CopyTo(state[48..]);
    }

    /// <summary>The last rounds, from the state after the input, 64 bytes.</summary>
    internal static void End(ReadOnlySpan<byte> state, Span<byte> hash) =>
        Finish(Vector128.Create(state[..16]), Vector128.Create(state[16..32]), Vector128.Create(state[32..48]), Vector128.Create(state[48..64]), hash);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Vector128<byte> state0, Vector128<byte> state1, Vector128<byte> state2, Vector128<byte> state3, Span<byte> hash)
    {
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
