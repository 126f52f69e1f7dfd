using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>The interpreter as a hasher of one lane, with a claim on the memory that it reads.</summary>
/// <param name="key">Of the memory.</param>
/// <param name="items">The memory.</param>
/// <param name="isFull">Whether it is a dataset.</param>
/// <param name="memory">The claim, disposed with the hasher.</param>
/// <param name="version">Of the algorithm.</param>
internal sealed class InterpretedHasher(ReadOnlySpan<byte> key, IItemSource items, bool isFull, IDisposable memory, RandomXVersion version = RandomXVersion.V1)
    : IHasher
{
    private readonly byte[] _key = key.ToArray();
    private readonly InterpretedVm _vm = new(version, items);
    private byte[] _pending = [];
    private int _pendingSize = -1;

    public ReadOnlySpan<byte> Key => _key;

    public bool IsFull => isFull;

    public int Lanes => 1;

    public PageKind PageKind => PageKind.Normal;

    public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (output.Length < RandomXLibrary.HashSize)
            throw new ArgumentException($"a hash needs {RandomXLibrary.HashSize} bytes, not {output.Length}", nameof(output));
        _pendingSize = -1;
        _vm.CalculateHash(input, output);
    }

    public void First(ReadOnlySpan<byte> inputs)
    {
        if (_pending.Length < inputs.Length)
            _pending = new byte[inputs.Length];
        inputs.CopyTo(_pending);
        _pendingSize = inputs.Length;
    }

    public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes)
    {
        if (_pendingSize < 0)
            throw new InvalidOperationException("no input is pending: call First before Next");
        CalculateHash(_pending.AsSpan(0, _pendingSize), hashes);
        First(nextInputs);
    }

    public void Dispose() => memory.Dispose();
}
