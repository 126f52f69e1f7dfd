using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>A hasher whose hashes are handed to a <see cref="ShadowChecker"/> now and then.</summary>
/// <param name="inner">Disposed with this object.</param>
/// <param name="checker">Gets the hashes.</param>
/// <param name="interval">One hash in so many is handed over.</param>
internal sealed class ShadowHasher(IHasher inner, ShadowChecker checker, int interval) : IHasher
{
    private byte[] _input = [];
    private int _inputSize;
    private int _lane = -1;
    private long _toNext;

    public ReadOnlySpan<byte> Key => inner.Key;

    public bool IsFull => inner.IsFull;

    public int Lanes => inner.Lanes;

    public PageKind PageKind => inner.PageKind;

    public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        _lane = -1;
        inner.CalculateHash(input, output);
    }

    public void CalculateHashes(ReadOnlySpan<ReadOnlyMemory<byte>> inputs, Span<byte> hashes)
    {
        _lane = -1;
        inner.CalculateHashes(inputs, hashes);
    }

    public void First(ReadOnlySpan<byte> inputs)
    {
        Take(inputs);
        inner.First(inputs);
    }

    public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes) => TryNext(nextInputs, hashes, static () => true);

    public bool TryNext(ReadOnlySpan<byte> nextInputs, Span<byte> hashes, Func<bool> isWanted)
    {
        if (!inner.TryNext(nextInputs, hashes, isWanted))
        {
            _lane = -1;
            return false;
        }
        if (_lane >= 0)
        {
            checker.Offer(new ShadowSample(
                inner.Key.ToArray(), _input.AsSpan(0, _inputSize).ToArray(), hashes.Slice(_lane * Hash256.Size, Hash256.Size).ToArray()));
        }
        Take(nextInputs);
        return true;
    }

    public void Dispose() => inner.Dispose();

    // Which lane of a batch is compared changes, because the interval is counted in hashes.
    private void Take(ReadOnlySpan<byte> inputs)
    {
        _lane = -1;
        if (_toNext < Lanes && checker.IsOpen)
        {
            _lane = (int)_toNext;
            _inputSize = inputs.Length / Lanes;
            if (_input.Length < _inputSize)
                _input = new byte[_inputSize];
            inputs.Slice(_lane * _inputSize, _inputSize).CopyTo(_input);
            _toNext += interval;

            // Where the interval is shorter than a batch, one hash of each batch is enough.
            _toNext = Math.Max(_toNext, Lanes);
        }
        _toNext = Math.Max(0, _toNext - Lanes);
    }
}
