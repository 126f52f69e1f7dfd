using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PrivateNetwork;

public sealed class PskStreamTests
{
    private static readonly PreSharedKey Key = PreSharedKey.FromBytes([.. Enumerable.Range(0, 32).Select(static i => (byte)i)]);

    [Test]
    public async Task Stream_SendsItsNonceAtOnce_AndThenTheCipherOfWhatIsWritten()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();

        await using PskStream stream = await PskStream.OpenAsync(near, Key, default).InTime();
        byte[] nonce = await ReadAsync(far, XSalsa20.NonceSize);
        byte[] data = [1, 2, 3, 4, 5];
        await stream.WriteAsync(data).InTime();

        byte[] sent = await ReadAsync(far, data.Length);
        new XSalsa20(Key.Bytes, nonce).Transform(sent, sent);
        Assert.That(sent, Is.EqualTo(data));
        Assert.That(data, Is.EqualTo(new byte[] { 1, 2, 3, 4, 5 }), "the caller's buffer stays as it is");
    }

    [Test]
    public async Task Stream_DeciphersWhateverPiecesTheBytesComeIn()
    {
        byte[] nonce = [.. Enumerable.Range(0, XSalsa20.NonceSize).Select(static i => (byte)(7 * i))];
        byte[] data = new byte[300];
        new Random(3).NextBytes(data);
        byte[] wire = [.. nonce, .. data];
        new XSalsa20(Key.Bytes, nonce).Transform(data, wire.AsSpan(nonce.Length));
        for (int cut = 0; cut <= wire.Length; cut++)
        {
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await using PskStream stream = await PskStream.OpenAsync(near, Key, default).InTime();
            await far.WriteAsync(wire.AsMemory(0, cut));
            Task<byte[]> read = ReadAsync(stream, data.Length);
            await far.WriteAsync(wire.AsMemory(cut));

            Assert.That(await read, Is.EqualTo(data), $"cut at {cut}");
        }
    }

    [Test]
    public async Task Streams_CarryMuchDataBothWays()
    {
        (MemoryDuplex a, MemoryDuplex b) = MemoryDuplex.CreatePair();
        await using PskStream left = await PskStream.OpenAsync(a, Key, default).InTime();
        await using PskStream right = await PskStream.OpenAsync(b, Key, default).InTime();
        byte[] data = new byte[300_001];
        new Random(1).NextBytes(data);

        Task writing = Task.WhenAll(left.WriteAsync(data).AsTask(), right.WriteAsync(data).AsTask());
        byte[][] read = await Task.WhenAll(ReadAsync(left, data.Length), ReadAsync(right, data.Length));
        await writing.InTime();

        Assert.That(read[0].AsSpan().SequenceEqual(data) && read[1].AsSpan().SequenceEqual(data), Is.True);
    }

    [Test]
    public async Task Stream_OfAnotherKeyGivesGarbage()
    {
        (MemoryDuplex a, MemoryDuplex b) = MemoryDuplex.CreatePair();
        await using PskStream left = await PskStream.OpenAsync(a, Key, default).InTime();
        await using PskStream right = await PskStream.OpenAsync(b, PreSharedKey.Generate(), default).InTime();
        byte[] data = new byte[64];

        await left.WriteAsync(data).InTime();

        Assert.That(await ReadAsync(right, data.Length), Is.Not.EqualTo(data));
    }

    [Test]
    public async Task Stream_ThatEndsWithinTheNonceIsAnError()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        await using PskStream stream = await PskStream.OpenAsync(near, Key, default).InTime();
        await far.WriteAsync(new byte[XSalsa20.NonceSize - 1]);
        far.CompleteWriting();

        Assert.That(async () => await ReadAsync(stream, 1), Throws.TypeOf<EndOfStreamException>());
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int length)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes).InTime();
        return bytes;
    }
}
