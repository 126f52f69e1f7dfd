using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Wire;

/// <summary>Mutated and random RPCs: a clear answer, never a crash, and slices that lie within the input.</summary>
public sealed class RpcFuzzTests
{
    private static readonly byte[][] Samples =
        [.. new[] { "signed", "empty", "bare", "control" }.Select(vector => GossipVectors.Hex(vector, "rpc"))];

    [Test]
    public void Decoder_SurvivesMutatedInput()
    {
        RpcFrame frame = new();
        int decoded = 0;
        Fuzz.Run(random => Mutate(random, Samples[random.Next(Samples.Length)]), input => decoded += Decode(input, frame) ? 1 : 0);
        Assert.That(decoded, Is.GreaterThan(100), "the mutations must not all be malformed");
    }

    [Test]
    public void Decoder_SurvivesRandomInput()
    {
        RpcFrame frame = new();
        Fuzz.Run(static random => Bytes(random, 64), input => Decode(input, frame));
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
        Random cuts = new(1);
        Fuzz.Run(
            static random =>
            {
                byte[] stream = Bytes(random, 9600);
                for (int at = 0; at < stream.Length; at += random.Next(1, 600))
                    stream[at] = random.Next(2) == 0 ? (byte)random.Next(8) : stream[at];
                return stream;
            },
            input =>
            {
                using FrameBuffer buffer = new(MaxFrame);
                FrameStatus status = FrameStatus.Incomplete;
                for (int at = 0; at < input.Length && status is FrameStatus.Incomplete;)
                {
                    Span<byte> free = buffer.Free.Span;
                    int count = Math.Min(Math.Min(free.Length, input.Length - at), cuts.Next(1, 600));
                    input.AsSpan(at, count).CopyTo(free);
                    buffer.Advance(count);
                    at += count;
                    while ((status = buffer.Take(out ReadOnlySpan<byte> frame)) == FrameStatus.Done)
                        Assert.That(frame.Length, Is.LessThanOrEqualTo(MaxFrame));
                }
            });
    }

    private static bool Decode(byte[] input, RpcFrame frame)
    {
        if (RpcDecoder.Decode(input, frame) != RpcStatus.Done)
            return false;
        Inspect(input, frame);
        return true;
    }

    private static byte[] Bytes(Random random, int most)
    {
        byte[] bytes = new byte[random.Next(1, most)];
        random.NextBytes(bytes);
        return bytes;
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
