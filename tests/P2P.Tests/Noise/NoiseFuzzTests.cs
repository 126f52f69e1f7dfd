using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Noise;

/// <summary>Foreign bytes against the handshake, its payload and the channel: each ends in an exception of the expected kinds, or in nothing.</summary>
[TestFixture]
internal sealed class NoiseFuzzTests
{
    /// <summary>The stream in memory, its buffers and the exception at the end take most of it.</summary>
    private const int Allocation = 64 * 1024;

    private static readonly Ed25519KeyPair Key = Ed25519KeyPair.FromSeed(new byte[Ed25519KeyPair.SeedSize]);

    [Test]
    public void Payload_IsRefusedWhenItIsForeign()
    {
        byte[] staticKey = new byte[32];
        byte[] good = HandshakePayload.Encode(Key, staticKey, ["/yamux/1.0.0"]);
        Assert.That(HandshakePayload.Verify(good, staticKey).Multiplexers, Is.EqualTo((string[])["/yamux/1.0.0"]));
        Fuzz.Run(random => Mutate(good, random), input =>
        {
            try
            {
                HandshakePayload.Verify(input, staticKey);
            }
            catch (NoiseException)
            {
                return;
            }
            // Whatever is believed carries the good key: only what nobody signed, the extensions, can have changed.
            Assert.That(HandshakePayload.Verify(input, staticKey).Key.Encoded.SequenceEqual(Key.ToPublicKey().Encoded), Is.True);
        });
    }

    [Test]
    public void Handshake_EndsOnForeignBytes()
    {
        bool accepts = false;
        Fuzz.Run(
            static random => Bytes(random, 0, 300, 32, 132),
            input =>
            {
                accepts = !accepts;
                Task handshake = accepts
                    ? NoiseHandshake.AcceptAsync(Hear(input), Key, null, [], default)
                    : NoiseHandshake.DialAsync(Hear(input), Key, null, [], default);
                Assert.That(() => handshake.InTime().GetAwaiter().GetResult(), Throws.InstanceOf<IOException>());
            },
            Allocation);
    }

    [Test]
    public void Channel_EndsOnForeignBytes()
    {
        byte[] buffer = new byte[1000];
        Fuzz.Run(
            static random => Bytes(random, 2, 400, 0, 200),
            input =>
            {
                MemoryDuplex far = Hear(input);
                using NoiseStream channel = new(far, new NoiseFrameReader(far), new CipherState(new byte[32]), new CipherState(new byte[32]));
                // All that can be believed are frames without any content.
                if (input.Any(static value => value != 0))
                    Assert.That(() => channel.ReadAsync(buffer).InTime().GetAwaiter().GetResult(), Throws.InstanceOf<IOException>());
            },
            Allocation);
    }

    /// <summary>Noise, half of which begins with the length of a frame that may be whole.</summary>
    private static byte[] Bytes(Random random, int shortest, int longest, int least, int most)
    {
        byte[] input = new byte[random.Next(shortest, longest)];
        random.NextBytes(input);
        if (input.Length >= 2 && random.Next(2) == 0)
            (input[0], input[1]) = (0, (byte)random.Next(least, most));
        return input;
    }

    /// <summary>What hears this from a remote that then closes.</summary>
    private static MemoryDuplex Hear(byte[] input)
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        near.WriteAsync(input).AsTask().GetAwaiter().GetResult();
        near.CompleteWriting();
        return far;
    }

    private static byte[] Mutate(byte[] input, Random random)
    {
        List<byte> bytes = [.. input];
        for (int n = random.Next(1, 4); n > 0 && bytes.Count > 0; n--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(1, Math.Min(20, bytes.Count - at) + 1));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(Math.Min(50, bytes.Count - at) + 1)));
                    break;
            }
        }
        return [.. bytes];
    }
}
