using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Noise;

[TestFixture]
internal sealed class NoiseStreamTests
{
    private static readonly byte[] Key = SHA256.HashData("a key for tests"u8);

    [TestCase(1)]
    [TestCase(NoiseStream.MaxPlaintext)]
    [TestCase(NoiseStream.MaxPlaintext + 1)]
    [TestCase(NoiseStream.MaxWrite)]
    [TestCase(3_000_000)]
    public async Task Bytes_ArriveAsWritten(int length)
    {
        (NoiseStream near, NoiseStream far) = CreatePair();
        byte[] sent = Bytes(length);

        Task writing = near.WriteAsync(sent).InTime();
        byte[] received = new byte[length];
        await far.ReadExactlyAsync(received).InTime();

        await writing;
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task Bytes_ArriveAsWritten_InPiecesOfAnySize()
    {
        Random random = new(7);
        (NoiseStream near, NoiseStream far) = CreatePair();
        byte[] sent = Bytes(2_000_000);
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < sent.Length;)
            {
                int count = Math.Min(sent.Length - i, random.Next(4) == 0 ? random.Next(100_000) : random.Next(300));
                await near.WriteAsync(sent.AsMemory(i, count));
                i += count;
            }
        });
        byte[] received = new byte[sent.Length];
        Random sizes = new(8);
        for (int i = 0; i < received.Length;)
        {
            int size = sizes.Next(4) == 0 ? sizes.Next(1, 200_000) : sizes.Next(0, 500);
            int count = await far.ReadAsync(received.AsMemory(i, Math.Min(size, received.Length - i))).InTime();
            Assert.That(count, size > 0 ? Is.GreaterThan(0) : Is.Zero);
            i += count;
        }
        await writing.InTime();
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task Frames_ArriveWhenTheRawBytesComeOneByOne()
    {
        using OneByOneStream raw = new([.. Frame(0, [1, 2, 3]), .. Frame(1, Bytes(70)), .. Frame(2, [4])]);
        await using NoiseStream far = Create(raw);
        using MemoryStream received = new();

        await far.CopyToAsync(received);

        Assert.That(received.ToArray(), Is.EqualTo((byte[])[1, 2, 3, .. Bytes(70), 4]));
    }

    [Test]
    public async Task Read_GivesAllFramesThatFit()
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        await wire.WriteAsync((byte[])[.. Frame(0, [1, 2]), .. Frame(1, [3]), .. Frame(2, [4, 5, 6])]);
        byte[] buffer = new byte[5];

        Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(3));
        Assert.That(await far.ReadAsync(buffer.AsMemory(0, 2)).InTime(), Is.EqualTo(2));
        Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(1));
    }

    [Test]
    public async Task ReadOfNoBytes_WaitsForSomethingToRead()
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        ValueTask<int> ready = far.ReadAsync(Memory<byte>.Empty);
        await ManualTime.SettleAsync();
        Assert.That(ready.IsCompleted, Is.False);

        await wire.WriteAsync(Frame(0, [1, 2]));

        Assert.That(await ready.InTime(), Is.Zero);
        byte[] buffer = new byte[9];
        Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(2));
    }

    [Test]
    public async Task EmptyFrames_AreIgnored()
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        await wire.WriteAsync((byte[])[.. Frame(0, []), 0, 0, .. Frame(1, []), .. Frame(2, [7])]);
        byte[] buffer = new byte[5];

        Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(1));
        Assert.That(buffer[0], Is.EqualTo(7));
    }

    [Test]
    public async Task EmptyFrames_AreAFaultWhenNothingElseComes()
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        for (int i = 0; i <= NoiseStream.MaxEmptyFrames; i++)
            await wire.WriteAsync(Frame((ulong)i, []));

        Assert.That(async () => await far.ReadAsync(new byte[5]).InTime(), Throws.TypeOf<NoiseException>());
    }

    [TestCase(1)]
    [TestCase(15)]
    public async Task Frame_ShorterThanItsTagIsAFault(int length)
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        await wire.WriteAsync((byte[])[0, (byte)length, .. new byte[length]]);

        Assert.That(async () => await far.ReadAsync(new byte[5]).InTime(), Throws.TypeOf<NoiseException>());
    }

    [Test]
    public async Task Frame_ChangedAnywhereIsAFault()
    {
        byte[] good = Frame(0, Bytes(40));
        for (int i = 2; i < good.Length; i++)
        {
            (MemoryDuplex wire, NoiseStream far) = CreateReader();
            byte[] bad = [.. good];
            bad[i] ^= 0x80;
            await wire.WriteAsync(bad);
            Assert.That(async () => await far.ReadAsync(new byte[100]).InTime(), Throws.TypeOf<NoiseException>(), $"byte {i}");
        }
    }

    [Test]
    public async Task Frame_SentTwiceOrOutOfOrderIsAFault()
    {
        (MemoryDuplex wire, NoiseStream far) = CreateReader();
        await wire.WriteAsync((byte[])[.. Frame(0, [1]), .. Frame(0, [1])]);
        byte[] buffer = new byte[1];

        Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(1));
        Assert.That(async () => await far.ReadAsync(buffer).InTime(), Throws.TypeOf<NoiseException>());
    }

    [Test]
    public async Task End_IsAFaultOnlyWithinAFrame()
    {
        byte[] frame = Frame(0, Bytes(20));
        for (int length = 0; length <= frame.Length; length++)
        {
            (MemoryDuplex wire, NoiseStream far) = CreateReader();
            await wire.WriteAsync(frame.AsMemory(0, length));
            wire.CompleteWriting();
            byte[] buffer = new byte[100];
            if (length == frame.Length)
                Assert.That(await far.ReadAsync(buffer).InTime(), Is.EqualTo(20));
            if (length == 0 || length == frame.Length)
                Assert.That(await far.ReadAsync(buffer).InTime(), Is.Zero);
            else
                Assert.That(async () => await far.ReadAsync(buffer).InTime(), Throws.TypeOf<EndOfStreamException>(), $"after {length}");
        }
    }

    [Test]
    public async Task LargeWrite_GoesOutInFewPieces()
    {
        CountingStream raw = new();
        await using NoiseStream stream = Create(raw);

        await stream.WriteAsync(new byte[1_000_000]);

        Assert.That(raw.Writes, Is.EqualTo(4));
        Assert.That(raw.Longest, Is.LessThanOrEqualTo(NoiseStream.MaxWrite));
    }

    [Test]
    public async Task Write_FailsForGoodAfterACancelledOne()
    {
        (MemoryDuplex near, _) = MemoryDuplex.CreatePair();
        await using NoiseStream stream = Create(near);
        using CancellationTokenSource cancellation = new();
        Task writing = stream.WriteAsync(new byte[1_000_000], cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        Assert.That(async () => await writing.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await stream.WriteAsync(new byte[1]).InTime(), Throws.TypeOf<IOException>());
    }

    [Test]
    public async Task Frames_CostNoMemoryOfTheirOwn()
    {
        const int Frames = 200;
        EchoStream raw = new();
        await using NoiseStream stream = Create(raw);
        byte[] data = new byte[200];
        async Task RunAsync()
        {
            for (int i = 0; i < Frames; i++)
            {
                await stream.WriteAsync(data);
                await stream.ReadExactlyAsync(data);
            }
        }
        await RunAsync();
        long before = GC.GetAllocatedBytesForCurrentThread();

        await RunAsync();

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Frames * 24));
    }

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static NoiseStream Create(Stream raw) => new(raw, new NoiseFrameReader(raw), new CipherState(Key), new CipherState(Key));

    private static (NoiseStream Near, NoiseStream Far) CreatePair()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        return (Create(near), Create(far));
    }

    private static (MemoryDuplex Wire, NoiseStream Far) CreateReader()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        return (near, Create(far));
    }

    private static byte[] Frame(ulong nonce, byte[] plaintext)
    {
        using CipherState cipher = new(Key, nonce);
        byte[] frame = new byte[2 + plaintext.Length + CipherState.TagSize];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)(frame.Length - 2));
        cipher.Encrypt([], plaintext, frame.AsSpan(2));
        return frame;
    }

    private sealed class OneByOneStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Read(buffer.Span[..Math.Min(1, buffer.Length)]));
    }

    private sealed class CountingStream : MemoryStream
    {
        public int Writes { get; private set; }

        public int Longest { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            Longest = Math.Max(Longest, buffer.Length);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Gives back what was written last; allocates nothing.</summary>
    private sealed class EchoStream : MemoryStream
    {
        private readonly byte[] _last = new byte[4096];
        private int _length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.CopyTo(_last);
            _length = buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _last.AsSpan(0, _length).CopyTo(buffer.Span);
            return new ValueTask<int>(_length);
        }
    }
}
