using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace P2PMiner.P2P.Noise;

/// <summary>
/// Cuts what comes from the raw stream into frames (libp2p/specs, noise/README.md, "Wire Format"):
/// <code>
/// +--------+--------+-- … --+
/// | length, 16 bits | body  |   length: big endian, unsigned, of the body alone
/// +--------+--------+-- … --+
/// </code>
/// </summary>
/// <remarks>
/// While little comes, a small buffer of its own serves; a large one is borrowed for as long as much comes, and given back as soon as
/// all is used up and the next read would wait. So a connection at rest holds <see cref="SmallSize"/> bytes.
/// </remarks>
internal sealed class NoiseFrameReader(Stream raw)
{
    internal const int HeaderSize = 2;

    /// <summary>Holds some ten small messages of other protocols.</summary>
    internal const int SmallSize = 4096;

    /// <summary>Takes almost four frames of full length, so that a system call brings much.</summary>
    internal const int LargeSize = 256 * 1024;

    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(SmallSize);
    private int _start;
    private int _end;
    private bool _isLarge;
    private bool _wasFilled;

    /// <summary>True if a whole frame is here.</summary>
    internal bool HasFrame => _end - _start >= HeaderSize && _end - _start >= HeaderSize + FrameLength;

    /// <summary>The length of the body of the next frame; meaningful if <see cref="HasFrame"/>.</summary>
    internal int FrameLength => BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start));

    /// <summary>The body of the next frame, which may be overwritten; valid until the next <see cref="FillAsync"/>.</summary>
    internal Memory<byte> Take()
    {
        Memory<byte> body = _buffer.AsMemory(_start + HeaderSize, FrameLength);
        _start += HeaderSize + body.Length;
        return body;
    }

    /// <summary>Waits until there is a whole frame.</summary>
    /// <returns>False if the stream ended between two frames.</returns>
    /// <exception cref="EndOfStreamException">It ended within a frame.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        try
        {
            while (!HasFrame)
            {
                if (_isLarge && _start == _end)
                    await WaitAsync(cancellation).ConfigureAwait(false);
                MakeRoom();
                Memory<byte> room = _buffer.AsMemory(_end);
                int count = await raw.ReadAsync(room, cancellation).ConfigureAwait(false);
                if (count == 0)
                    return _start == _end ? false : throw new EndOfStreamException("the connection ended within a frame");
                _end += count;
                _wasFilled = count == room.Length;
            }
            return true;
        }
        finally
        {
            if (!HasFrame)
                GiveBack();
        }
    }

    // A read of no bytes ends when there is something to read: nothing needs to be held until then.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(CancellationToken cancellation)
    {
        ValueTask<int> ready = raw.ReadAsync(Memory<byte>.Empty, cancellation);
        if (!ready.IsCompleted)
        {
            Replace(GC.AllocateUninitializedArray<byte>(SmallSize), isLarge: false);
            _wasFilled = false;
        }
        await ready.ConfigureAwait(false);
    }

    private void MakeRoom()
    {
        int held = _end - _start;
        int needed = held < HeaderSize ? HeaderSize : HeaderSize + FrameLength;
        if (!_isLarge && (needed > SmallSize || _wasFilled))
            Replace(ArrayPool<byte>.Shared.Rent(LargeSize), isLarge: true);
        else if (_start > 0 && (held == 0 || !_isLarge || _buffer.Length - _end < LargeSize / 2))
            MoveTo(_buffer);
    }

    /// <summary>Nothing more comes: a length of two bytes must not cost the pool a large buffer.</summary>
    private void GiveBack()
    {
        if (_isLarge)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
        _isLarge = false;
    }

    private void Replace(byte[] buffer, bool isLarge)
    {
        byte[] former = _buffer;
        MoveTo(buffer);
        if (_isLarge)
            ArrayPool<byte>.Shared.Return(former);
        _isLarge = isLarge;
    }

    private void MoveTo(byte[] buffer)
    {
        int held = _end - _start;
        _buffer.AsSpan(_start, held).CopyTo(buffer);
        _buffer = buffer;
        _start = 0;
        _end = held;
    }
}
