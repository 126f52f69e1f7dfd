using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

[TestFixture]
internal sealed class YamuxPartsTests
{
    // The layout of libp2p/specs, yamux/README.md, "Framing", written out by hand.
    [TestCase("000000010000000100000005", FrameType.Data, FrameFlags.Syn, 1u, 5u)]
    [TestCase("000100060000000200040000", FrameType.WindowUpdate, FrameFlags.Ack | FrameFlags.Fin, 2u, 262144u)]
    [TestCase("0002000200000000deadbeef", FrameType.Ping, FrameFlags.Ack, 0u, 0xdeadbeef)]
    [TestCase("000300000000000000000001", FrameType.GoAway, FrameFlags.None, 0u, 1u)]
    [TestCase("00010008ffffffff00000000", FrameType.WindowUpdate, FrameFlags.Rst, uint.MaxValue, 0u)]
    public void FrameHeader_IsTwelveBytesBigEndian(string hex, object type, object flags, uint stream, uint length)
    {
        FrameHeader header = new((FrameType)type, (FrameFlags)flags, stream, length);
        byte[] bytes = new byte[FrameHeader.Size];

        header.Write(bytes);

        Assert.That(Convert.ToHexStringLower(bytes), Is.EqualTo(hex));
        Assert.That(FrameHeader.Read(bytes), Is.EqualTo(header));
    }

    [Test]
    public void TokenBucket_AllowsABurstAndThenARate()
    {
        ManualTime time = new();
        TokenBucket bucket = new(burst: 3, perSecond: 2, time);
        Assert.That(Enumerable.Range(0, 4).Select(_ => bucket.TryTake()), Is.EqualTo((bool[])[true, true, true, false]));
        Assert.That(bucket.Debt(), Is.EqualTo(TimeSpan.FromSeconds(0.5)));

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(bucket.Debt(), Is.EqualTo(TimeSpan.Zero));
        Assert.That(bucket.TryTake(), Is.True);
        Assert.That(bucket.TryTake(), Is.False);
        bucket.Add(1000);
        time.Advance(TimeSpan.FromDays(1));
        Assert.That(Enumerable.Range(0, 100).Count(_ => bucket.TryTake()), Is.LessThanOrEqualTo(9), "twice the burst, and what comes back meanwhile");
    }

    [Test]
    public void SegmentQueue_GivesBytesInOrder()
    {
        Random random = new(5);
        SegmentQueue queue = new();
        Queue<byte> model = new();
        byte[] buffer = new byte[100_000];
        for (int i = 0; i < 2000; i++)
        {
            int count = random.Next(3) == 0 ? random.Next(70_000) : random.Next(300);
            if (random.Next(2) == 0 && queue.Length < 1_000_000)
            {
                byte[] bytes = new byte[count];
                random.NextBytes(bytes);
                queue.Append(bytes);
                foreach (byte value in bytes)
                    model.Enqueue(value);
            }
            else
            {
                int read = queue.Read(buffer.AsSpan(0, count));
                Assert.That(read, Is.EqualTo(Math.Min(count, model.Count)));
                for (int j = 0; j < read; j++)
                {
                    if (buffer[j] != model.Dequeue())
                        Assert.Fail($"byte {j} of read {i}");
                }
            }
            Assert.That(queue.Length, Is.EqualTo(model.Count));
            Assert.That(queue.Capacity, Is.InRange(queue.Length, queue.Length + (3 * SegmentQueue.MaxSegment)));
        }
        queue.Clear();
        Assert.That(queue.Capacity + queue.Length, Is.Zero);
    }

    [Test]
    public void ReceiveWindow_DoublesWhileItIsReadWithinFourRoundTrips()
    {
        ManualTime time = new();
        ConnectionMemory memory = new(100_000_000);
        ReceiveWindow window = new(1024 * 1024, memory, time);
        TimeSpan roundTrip = TimeSpan.FromMilliseconds(50);
        int half = ReceiveWindow.Initial / 2;
        window.Receive(half);
        Assert.That(window.TakeGrant(1, roundTrip), Is.Zero);
        time.Advance(4 * roundTrip);
        Assert.That(window.TakeGrant(0, roundTrip), Is.EqualTo(half + ReceiveWindow.Initial));
        Assert.That(window.Size, Is.EqualTo(2 * ReceiveWindow.Initial));
        Assert.That(memory.Used, Is.EqualTo(ReceiveWindow.Initial));

        window.Receive(2 * half);
        time.Advance((4 * roundTrip) + TimeSpan.FromMilliseconds(1));
        Assert.That(window.TakeGrant(0, roundTrip), Is.EqualTo(2 * half), "too slow to grow");
        window.Receive(2 * half);
        Assert.That(window.TakeGrant(0, null), Is.EqualTo(2 * half), "no round trip known");
        window.Receive(4 * half);
        Assert.That(window.TakeGrant(half, roundTrip), Is.EqualTo(3 * half), "too much is unread");
        window.Receive(3 * half);
        Assert.That(window.TakeGrant(0, roundTrip), Is.EqualTo(8 * half));
        window.Receive(8 * half);
        Assert.That(window.TakeGrant(0, roundTrip), Is.EqualTo(8 * half), "no larger than the option");
        Assert.That(window.Allows(8 * (uint)half), Is.True);
        Assert.That(window.Allows((8 * (uint)half) + 1), Is.False);

        window.Close();
        window.Close();
        Assert.That(memory.Used, Is.Zero);
    }

    [Test]
    public void ReceiveWindow_DoesNotGrowWithoutMemory()
    {
        ReceiveWindow window = new(1024 * 1024, new ConnectionMemory(ReceiveWindow.Initial - 1), new ManualTime());
        window.Receive(ReceiveWindow.Initial);

        Assert.That(window.TakeGrant(0, TimeSpan.FromSeconds(1)), Is.EqualTo(ReceiveWindow.Initial));
    }

    [Test]
    public void ConnectionMemory_TakesFromTheCommonBudgetWhatIsAboveItsOwnShare()
    {
        MemoryBudget shared = new(1000);
        ConnectionMemory one = new(10_000_000);
        ConnectionMemory two = new(10_000_000);
        one.Share(shared);
        two.Share(shared);

        Assert.That(one.TryReserve(ConnectionMemory.OwnShare + 900), Is.True);
        Assert.That(shared.Used, Is.EqualTo(900));
        Assert.That(two.TryReserve(ConnectionMemory.OwnShare + 101), Is.False);
        Assert.That(two.TryReserve(ConnectionMemory.OwnShare + 100), Is.True);
        one.Release(ConnectionMemory.OwnShare);
        Assert.That(shared.Used, Is.EqualTo(100));
        two.Close();
        two.Release(5);
        Assert.That(two.TryReserve(1), Is.False);
        Assert.That(shared.Used, Is.Zero);
    }
}
