using System.Globalization;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Noise;

/// <summary>Foreign bytes against the handshake, its payload and the channel: each ends in an exception of the expected kinds, or in nothing.</summary>
[TestFixture]
internal sealed class NoiseFuzzTests
{
    private const int Inputs = 2000;

    private static readonly Ed25519KeyPair Key = Ed25519KeyPair.FromSeed(new byte[Ed25519KeyPair.SeedSize]);

    private static long? LongRun { get; } =
        long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), CultureInfo.InvariantCulture, out long bytes) ? bytes : null;

    [Test]
    public void Payload_IsRefusedWhenItIsForeign()
    {
        Random random = new(20_260_702);
        byte[] staticKey = new byte[32];
        byte[] good = HandshakePayload.Encode(Key, staticKey, ["/yamux/1.0.0"]);
        Assert.That(HandshakePayload.Verify(good, staticKey).Multiplexers, Is.EqualTo((string[])["/yamux/1.0.0"]));
        long fed = 0;
        for (int round = 0; LongRun is { } bytes ? fed < bytes : round < Inputs; round++)
        {
            byte[] input = Mutate(good, random);
            fed += input.Length;
            try
            {
                HandshakePayload.Verify(input, staticKey);
            }
            catch (NoiseException)
            {
                continue;
            }
            // Whatever is believed carries the good key: only what nobody signed, the extensions, can have changed.
            Assert.That(HandshakePayload.Verify(input, staticKey).Key.Encoded.SequenceEqual(Key.ToPublicKey().Encoded), Is.True);
        }
    }

    [Test]
    public async Task Handshake_EndsOnForeignBytes()
    {
        Random random = new(20_260_703);
        long fed = 0;
        for (int round = 0; LongRun is { } bytes ? fed < bytes : round < Inputs; round++)
        {
            byte[] input = new byte[random.Next(300)];
            random.NextBytes(input);
            if (input.Length > 2 && random.Next(2) == 0)
                (input[0], input[1]) = (0, (byte)(32 + random.Next(100)));
            fed += input.Length + 1;
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await near.WriteAsync(input);
            near.CompleteWriting();
            Task handshake = random.Next(2) == 0
                ? NoiseHandshake.AcceptAsync(far, Key, null, [], default)
                : NoiseHandshake.DialAsync(far, Key, null, [], default);
            Assert.That(async () => await handshake.InTime(), Throws.InstanceOf<IOException>(), $"round {round}");
        }
    }

    [Test]
    public async Task Channel_EndsOnForeignBytes()
    {
        Random random = new(20_260_704);
        byte[] buffer = new byte[1000];
        long fed = 0;
        for (int round = 0; LongRun is { } bytes ? fed < bytes : round < Inputs; round++)
        {
            byte[] input = new byte[random.Next(2, 400)];
            random.NextBytes(input);
            if (random.Next(2) == 0)
                (input[0], input[1]) = (0, (byte)random.Next(200));
            fed += input.Length;
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await near.WriteAsync(input);
            near.CompleteWriting();
            await using NoiseStream channel = new(far, new NoiseFrameReader(far), new CipherState(new byte[32]), new CipherState(new byte[32]));
            // All that can be believed are frames without any content.
            if (input.All(value => value == 0))
                continue;
            Assert.That(async () => await channel.ReadAsync(buffer).InTime(), Throws.InstanceOf<IOException>(), $"round {round}");
        }
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
