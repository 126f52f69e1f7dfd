using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Computes offered hashes again with another engine, on one thread at low priority.</summary>
internal sealed class ShadowChecker : IAsyncDisposable
{
    /// <summary>More are skipped and counted: comparing must not hold up hashing.</summary>
    private const int MaxWaiting = 64;

    private readonly IRandomXEngine _engine;
    private readonly ILogger _log;
    private readonly Action<ShadowSample, byte[]> _onDifference;
    private readonly ShadowTrial? _trial;
    private readonly Action? _onPassed;
    private readonly long _start;
    private readonly Channel<ShadowSample> _samples =
        Channel.CreateBounded<ShadowSample>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });

    private long _equal;
    private long _different;
    private long _skipped;
    private volatile bool _isStopping;
    private volatile bool _isOver;

    /// <param name="engine">Hashes again.</param>
    /// <param name="log">Hears why there is no comparing.</param>
    /// <param name="onDifference">Called once, at the first difference, with the sample and the other hash; nothing is compared after it.</param>
    /// <param name="trial">When to begin and to end; null compares from the start and for ever.</param>
    /// <param name="onPassed">Called when the trial ends without a difference.</param>
    public ShadowChecker(
        IRandomXEngine engine, ILogger log, Action<ShadowSample, byte[]> onDifference, ShadowTrial? trial = null, Action? onPassed = null)
    {
        _trial = trial;
        _onPassed = onPassed;
        _start = trial?.Time.GetTimestamp() ?? 0;
        _engine = engine;
        _log = log;
        _onDifference = onDifference;
        Completion = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public Task Completion { get; }

    /// <summary>Whether hashes are wanted now.</summary>
    public bool IsOpen => !_isOver && (_trial is null || _trial.Time.GetElapsedTime(_start) >= _trial.Delay);

    public ShadowCounts Counts => new(Volatile.Read(ref _equal), Volatile.Read(ref _different), Volatile.Read(ref _skipped));

    /// <summary>The interpreter's hash, from a cache made for it.</summary>
    public static byte[] Interpret(ShadowSample sample)
    {
        using ManagedCache cache = ManagedCache.Create(sample.Key, PagePreference.Thp);
        byte[] hash = new byte[Hash256.Size];
        new InterpretedVm(RandomXVersion.V1, cache).CalculateHash(sample.Input, hash);
        return hash;
    }

    /// <summary>Never waits.</summary>
    public void Offer(ShadowSample sample)
    {
        if (!IsOpen)
            return;
        if (!_samples.Writer.TryWrite(sample))
            Interlocked.Increment(ref _skipped);
    }

    /// <summary>Compares nothing any more, and gives up the memory. Returns at once.</summary>
    public void End()
    {
        _isStopping = true;
        _samples.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        End();
        await Completion;
    }

    private void Run()
    {
        CurrentThread.TryLowerPriority();
        IHasher? hasher = null;
        try
        {
            while (!_isStopping && _samples.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (!_isStopping && _samples.Reader.TryRead(out ShadowSample? sample))
                {
                    if (hasher is null || !hasher.Key.SequenceEqual(sample.Key))
                    {
                        hasher?.Dispose();
                        hasher = null;
                        hasher = CreateHasher(sample.Key);
                    }
                    if (Compare(hasher, sample) is byte[] other)
                    {
                        // Its memory is needed to judge.
                        hasher.Dispose();
                        hasher = null;
                        _onDifference(sample, other);
                        return;
                    }
                    if (HasPassed())
                        return;
                }
            }
        }
        catch (Exception e) when (e is InsufficientMemoryException or RandomXUnavailableException)
        {
            _log.LogError("Engines are no longer compared: {Reason}", e.Message);
        }
        finally
        {
            _isOver = true;
            _samples.Writer.TryComplete();
            hasher?.Dispose();
        }
    }

    private IHasher CreateHasher(byte[] key)
    {
        using IRandomXCache cache = _engine.CreateCache(key, PagePreference.Thp);
        return _engine.CreateLight(cache, PagePreference.Thp);
    }

    private bool HasPassed()
    {
        if (_trial is null || Counts.Equal < _trial.MinHashes || _trial.Time.GetElapsedTime(_start) < _trial.Delay + _trial.Duration)
            return false;
        _onPassed?.Invoke();
        return true;
    }

    /// <returns>The other hash, where it is another one.</returns>
    private byte[]? Compare(IHasher hasher, ShadowSample sample)
    {
        byte[] hash = new byte[Hash256.Size];
        hasher.CalculateHash(sample.Input, hash);
        if (hash.AsSpan().SequenceEqual(sample.Hash))
        {
            Interlocked.Increment(ref _equal);
            return null;
        }
        Interlocked.Increment(ref _different);
        return hash;
    }
}
