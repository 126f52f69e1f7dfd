using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Machines of generated code as a hasher, with a claim on the memory that they read.</summary>
internal sealed class LaneHasher : IHasher
{
    private readonly byte[] _key;
    private readonly LaneMachine _machine;
    private readonly IDisposable _memory;
    private bool _isPending;
    private bool _isDisposed;

    private LaneHasher(ReadOnlySpan<byte> key, bool isFull, IDisposable memory, LaneMachine machine)
    {
        _key = key.ToArray();
        IsFull = isFull;
        _memory = memory;
        _machine = machine;
    }

    public ReadOnlySpan<byte> Key => _key;

    public bool IsFull { get; }

    public int Lanes => _machine.Lanes;

    public PageKind PageKind => _machine.PageKind;

    /// <param name="key">Of the memory.</param>
    /// <param name="isFull">Whether the memory is a dataset.</param>
    /// <param name="memory">A claim on it: disposed with the hasher, or here when there is none.</param>
    /// <param name="create">Makes the machines.</param>
    public static LaneHasher Create(ReadOnlySpan<byte> key, bool isFull, IDisposable memory, Func<LaneMachine> create)
    {
        LaneMachine? machine = null;
        try
        {
            machine = create();
            return new LaneHasher(key, isFull, memory, machine);
        }
        finally
        {
            if (machine is null)
                memory.Dispose();
        }
    }

    public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ReadOnlyMemory<byte> copy = input.ToArray();
        CalculateHashes(new ReadOnlySpan<ReadOnlyMemory<byte>>(in copy), output);
    }

    public void CalculateHashes(ReadOnlySpan<ReadOnlyMemory<byte>> inputs, Span<byte> hashes)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputs.Length, Lanes, nameof(inputs));
        RequireHashes(hashes, inputs.Length);
        if (inputs.Length == 0)
            return;
        _isPending = false;
        _machine.Start(inputs);
        _machine.Run();
        _machine.Finish(hashes);
    }

    public void First(ReadOnlySpan<byte> inputs)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _machine.Start(inputs);
        _isPending = true;
    }

    public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes) => TryNext(nextInputs, hashes, static () => true);

    public bool TryNext(ReadOnlySpan<byte> nextInputs, Span<byte> hashes, Func<bool> isWanted)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        RequireHashes(hashes, Lanes);
        if (!_isPending)
            throw new InvalidOperationException("no input is pending: call First before Next");
        _isPending = _machine.TryRun(isWanted);
        if (_isPending)
            _machine.FinishAndStart(hashes, nextInputs);
        return _isPending;
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _machine.Dispose();
        _memory.Dispose();
    }

    private static void RequireHashes(Span<byte> hashes, int count)
    {
        if (hashes.Length < count * RandomXLibrary.HashSize)
            throw new ArgumentException($"{count} hashes need {count * RandomXLibrary.HashSize} bytes, not {hashes.Length}", nameof(hashes));
    }
}
