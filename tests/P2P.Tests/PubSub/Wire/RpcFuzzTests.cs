using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;

namespace P2PMiner.P2P.Tests.PubSub.Wire;

/// <summary>Mutated and random RPCs: a clear answer, never a crash, and slices that lie within the input.</summary>
public sealed class RpcFuzzTests
{
    private const int Seed = 20260101;
    private const long DefaultBytes = 1_000_000;

    private static readonly byte[][] Samples =
        [.. new[] { "signed", "empty", "bare", "control" }.Select(vector => GossipVectors.Hex(vector, "rpc"))];

    private static long BytesToFeed =>
        long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), out long bytes) ? bytes : DefaultBytes;

    [Test]
    public void Decoder_SurvivesMutatedInput()
    {
        Random random = new(Seed);
        RpcFrame frame = new();
        int decoded = 0;
        for (long fed = 0; fed < BytesToFeed;)
        {
            byte[] input = Mutate(random, Samples[random.Next(Samples.Length)]);
            fed += input.Length;
            if (RpcDecoder.Decode(input, frame) == RpcStatus.Done)
            {
                decoded++;
                Inspect(input, frame);
            }
        }
        Assert.That(decoded, Is.GreaterThan(100), "the mutations must not all be malformed");
    }

    [Test]
    public void Decoder_SurvivesRandomInput()
    {
        Random random = new(Seed);
        RpcFrame frame = new();
        for (long fed = 0; fed < BytesToFeed;)
        {
            byte[] input = new byte[random.Next(1, 64)];
            random.NextBytes(input);
            fed += input.Length;
            if (RpcDecoder.Decode(input, frame) == RpcStatus.Done)
                Inspect(input, frame);
        }
    }

    [Test]
    public void Decoder_AllocatesNoMoreThanTheInputCanHold()
    {
        // Empty ids are the most entries per byte; none is kept beyond the limit.
        byte[] ids = new byte[1 << 20];
        for (int i = 0; i < ids.Length; i += 2)
            ids[i] = 0x0a;
        byte[] rpc = [0x1a, 0x84, 0x80, 0x40, 0x12, 0x80, 0x80, 0x40, .. ids];
        RpcFrame frame = new();
        RpcDecoder.Decode(rpc.AsSpan(0, 1), frame);

        long before = GC.GetAllocatedBytesForCurrentThread();
        RpcStatus status = RpcDecoder.Decode(rpc, frame);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(status, Is.EqualTo(RpcStatus.Done));
        Assert.That(allocated, Is.LessThan(RpcLimits.MaxIds * 8 * 4));
    }

    [Test]
    public void FrameBuffer_SurvivesRandomStreams()
    {
        const int MaxFrame = 4096;
        Random random = new(Seed);
        for (long fed = 0; fed < BytesToFeed;)
        {
            using FrameBuffer buffer = new(MaxFrame);
            FrameStatus status = FrameStatus.Incomplete;
            for (int rounds = 0; rounds < 16 && status is FrameStatus.Incomplete or FrameStatus.Done; rounds++)
            {
                Memory<byte> free = buffer.Free;
                int count = random.Next(1, Math.Min(free.Length, 600) + 1);
                random.NextBytes(free.Span[..count]);
                if (random.Next(2) == 0)
                    free.Span[0] = (byte)random.Next(8);
                buffer.Advance(count);
                fed += count;
                while ((status = buffer.Take(out ReadOnlySpan<byte> frame)) == FrameStatus.Done)
                    Assert.That(frame.Length, Is.LessThanOrEqualTo(MaxFrame));
            }
        }
    }

    private static void Inspect(byte[] input, RpcFrame frame)
    {
        foreach (Slice id in frame.Ids)
            _ = id.Of(input).Length;
        foreach (RpcFrame.PruneEntry prune in frame.Prunes)
            _ = frame.PeerInfos.Slice(prune.First, prune.Count);
        foreach (MessageEntry message in frame.Messages)
        {
            MessageFault signed = MessageVerifier.CheckShape(input, message, SignaturePolicy.Sign, int.MaxValue);
            MessageVerifier.CheckShape(input, message, SignaturePolicy.NoSign, int.MaxValue);
            if (signed != MessageFault.None)
                continue;
            GossipMessage copy = new(input, message, MessageIds.Of(MessageId.Specification, input, message));
            Assert.That(copy.Equals(input, message), Is.True);
            MessageEntry again = GossipVectors.Message(copy.Frame[ProtoVarint.Length((ulong)copy.Frame.Length)..]);
            Assert.That(again.Data.Length, Is.EqualTo(message.Data.Length));
        }
    }

    private static byte[] Mutate(Random random, byte[] sample)
    {
        List<byte> bytes = [.. sample];
        for (int changes = random.Next(1, 5); changes > 0 && bytes.Count > 1; changes--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveAt(at); break;
                case 3: bytes.Insert(at, (byte)random.Next(256)); break;
                default: bytes.InsertRange(at, sample.AsSpan(random.Next(sample.Length)).ToArray().Take(random.Next(1, 40))); break;
            }
        }
        return [.. bytes];
    }
}
