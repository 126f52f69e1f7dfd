using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.Tests.PubSub.Peers;

public sealed class PeerQueueTests
{
    private PeerQueue _queue = new(maxBytes: 100, new WriterTurns(threads: 1));

    [SetUp]
    public void SetUp() => _queue = new PeerQueue(maxBytes: 100, new WriterTurns(threads: 1));

    [Test]
    public void Control_GoesBeforeOwnMessagesAndTheseBeforeForwardedOnes()
    {
        _queue.TryAdd([3], Lane.Forwarded);
        _queue.TryAdd([2], Lane.Own);
        _queue.TryAdd([1], Lane.Control);
        _queue.TryAdd([1], Lane.Control);

        Assert.That(Take(1000), Is.EqualTo(new byte[] { 1, 1, 2, 3 }));
        Assert.That(_queue.Count, Is.Zero);
    }

    [Test]
    public void Frames_AreJoinedUpToThePieceAndNeverCut()
    {
        for (byte i = 1; i <= 5; i++)
            _queue.TryAdd([i, i, i], Lane.Own);

        List<byte> taken = [];
        while (_queue.Count > 0)
        {
            byte[] piece = Take(7);
            Assert.That(piece.Length % 3, Is.Zero);
            taken.AddRange(piece);
        }
        Assert.That(taken, Is.EqualTo(new byte[] { 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5 }));
    }

    [Test]
    public void FrameLargerThanThePiece_ComesAloneAndUncopied()
    {
        byte[] large = new byte[50];
        _queue.TryAdd(large, Lane.Own);
        _queue.TryAdd([1], Lane.Own);

        ReadOnlyMemory<byte> piece = _queue.Take(10, out byte[]? rented);

        Assert.That(rented, Is.Null);
        Assert.That(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(piece, out ArraySegment<byte> segment) && segment.Array == large, Is.True);
    }

    [Test]
    public void ForwardedMessages_DropTheOldestWhenFull()
    {
        for (byte i = 0; i < 12; i++)
            Assert.That(_queue.TryAdd([i, .. new byte[9]], Lane.Forwarded), Is.True);

        Assert.That(_queue.Count, Is.EqualTo(10));
        Assert.That(Take(10)[0], Is.EqualTo(2));
    }

    [Test]
    public void OwnMessages_AreRefusedWhenFullWhateverIsForwarded()
    {
        for (int i = 0; i < 10; i++)
        {
            Assert.That(_queue.TryAdd(new byte[10], Lane.Own), Is.True);
            Assert.That(_queue.TryAdd(new byte[10], Lane.Forwarded), Is.True);
        }

        Assert.That(_queue.TryAdd(new byte[10], Lane.Own), Is.False);
        Assert.That(_queue.TryAdd(new byte[10], Lane.Control), Is.True);
        Assert.That(_queue.TryAdd(new byte[101], Lane.Forwarded), Is.False, "fits into no queue");
    }

    [Test]
    public void Control_IsRefusedBeyondItsNumberOfFrames()
    {
        for (int i = 0; i < PeerQueue.MaxControlFrames; i++)
            Assert.That(_queue.TryAdd([1], Lane.Control), Is.True);

        Assert.That(_queue.TryAdd([1], Lane.Control), Is.False);
    }

    [Test]
    public void Room_IsThereAgainWhenHalfIsTaken()
    {
        for (int i = 0; i < 10; i++)
            _queue.TryAdd(new byte[10], Lane.Own);
        Task room = _queue.WhenRoom();
        for (int i = 0; i < 4; i++)
            Take(10);
        Assert.That(room.IsCompleted, Is.False);

        Take(10);

        Assert.That(room.IsCompleted, Is.True);
        Assert.That(_queue.WhenRoom().IsCompleted, Is.True);
    }

    [Test]
    public void StalledQueue_IsNotWaitedForUntilItMoves()
    {
        for (int i = 0; i < 10; i++)
            _queue.TryAdd(new byte[10], Lane.Own);
        _queue.SetStalled();
        Assert.That(_queue.WhenRoom().IsCompleted, Is.True);

        Take(10);

        Assert.That(_queue.WhenRoom().IsCompleted, Is.False);
    }

    [Test]
    public async Task ClosedQueue_TakesNothingMoreAndEndsWhenEmpty()
    {
        _queue.TryAdd([1], Lane.Own);
        _queue.Close();

        Assert.That(_queue.TryAdd([2], Lane.Own), Is.False);
        Assert.That(await _queue.WaitAsync(default), Is.True);
        Take(10);
        Assert.That(await _queue.WaitAsync(default), Is.False);
    }

    private byte[] Take(int maxPiece)
    {
        byte[] piece = _queue.Take(maxPiece, out byte[]? rented).ToArray();
        if (rented is not null)
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        return piece;
    }
}
