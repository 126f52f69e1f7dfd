using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Wire;

/// <summary>Foreign bytes: nothing throws what is not foreseen, and nothing is kept beyond the bounds.</summary>
public sealed class DhtMessageFuzzTests
{
    private const int MaxInput = 4096;

    /// <summary>What a decoder may allocate per byte of input, generously: the smallest peer that counts has 40 bytes.</summary>
    private const long MaxAllocationPerByte = 64;

    /// <summary>What the test allocates when it writes and reads again what was understood.</summary>
    private const int Allocation = 64 * 1024;

    private static readonly byte[][] Seeds = [.. KadVectors.Load().Vectors.Select(vector => Convert.FromHexString(vector.Hex))];

    [Test]
    public void Decoder_SurvivesMutatedMessages() => Fuzz.Run(random => Mutate(Seeds[random.Next(Seeds.Length)], random), Decode, Allocation);

    [Test]
    public void Decoder_SurvivesRandomBytes() => Fuzz.Run(
        random =>
        {
            byte[] input = new byte[random.Next(MaxInput)];
            random.NextBytes(input);
            return input;
        },
        Decode,
        Allocation,
        usual: 8_000_000);

    [Test]
    public void Reader_SurvivesMutatedStreams()
    {
        byte[] frames = [.. Seeds.SelectMany(Frame)];
        Fuzz.Run(random => Mutate(frames, random), static input => ReadAllAsync(input).GetAwaiter().GetResult());
    }

    private static async Task ReadAllAsync(byte[] input)
    {
        using MessageReader reader = new(new MemoryStream(input), WireLimits.MaxRequestSize);
        try
        {
            while (await reader.ReadAsync(CancellationToken.None) is not null)
            {
            }
        }
        catch (InvalidDataException)
        {
            // What a stream of garbage is answered with.
        }
    }

    /// <summary>The decoder by itself has a tighter bound than with what the test does to its result.</summary>
    private static void Decode(byte[] input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool valid = DhtMessageDecoder.TryDecode(input, out DhtMessage? message);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(allocated, Is.LessThan(1024 + (MaxAllocationPerByte * input.Length)));
        if (valid)
            AssertWithinBounds(message!);
    }

    private static void AssertWithinBounds(DhtMessage message)
    {
        Assert.That(message.Type, Is.InRange(DhtMessageType.PutValue, DhtMessageType.Ping));
        Assert.That(message.Key.Length, Is.LessThanOrEqualTo(WireLimits.MaxKeySize));
        Assert.That(message.CloserPeers, Has.Count.LessThanOrEqualTo(WireLimits.MaxCloserPeers));
        Assert.That(message.ProviderPeers, Has.Count.LessThanOrEqualTo(WireLimits.MaxProviders));

        // What was understood can be said again, and means the same.
        byte[] written = new byte[DhtMessageEncoder.Size(message)];
        DhtMessageEncoder.Write(message, written);
        Assert.That(DhtMessageDecoder.TryDecode(written, out DhtMessage? again), Is.True);
        byte[] rewritten = new byte[DhtMessageEncoder.Size(again!)];
        DhtMessageEncoder.Write(again!, rewritten);
        Assert.That(rewritten, Is.EqualTo(written));
    }

    private static byte[] Frame(byte[] message)
    {
        byte[] prefix = new byte[Varint.MaxLength];
        return [.. prefix[..Varint.Write(prefix, (ulong)message.Length)], .. message];
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        List<byte> bytes = [.. seed];
        for (int changes = random.Next(1, 8); changes > 0 && bytes.Count > 0; changes--)
        {
            int place = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[place] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(place, random.Next(1, Math.Min(16, bytes.Count - place + 1)));
                    break;
                case 3:
                    bytes.InsertRange(place, Enumerable.Repeat((byte)random.Next(256), random.Next(1, 16)));
                    break;
                default:
                    bytes.InsertRange(place, bytes.GetRange(place, random.Next(Math.Min(256, bytes.Count - place))));
                    break;
            }
        }
        return [.. bytes];
    }
}
