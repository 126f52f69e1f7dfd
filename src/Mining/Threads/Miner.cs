using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;

namespace P2PMiner.Mining.Threads;

/// <summary>How miner threads treat the machine.</summary>
/// <param name="Pin">Whether each thread stays on its planned CPU.</param>
/// <param name="LowPriority">Whether threads only take what other programs leave.</param>
/// <param name="Identity">What tells this node from others that search the same job; goes into its extra nonces.</param>
/// <param name="HasQuota">
/// Whether the process has a CPU quota: then threads rest where they would make way for others at the lowest priority, as whatever they take on
/// an idle CPU would be missing for the others.
/// </param>
public sealed record MinerOptions(bool Pin = true, bool LowPriority = true, ReadOnlyMemory<byte> Identity = default, bool HasQuota = false);

/// <summary>
/// The miner threads of this node. A job set here reaches every thread before its next hash; hits come out of
/// <see cref="Hits"/>. Which memory a thread hashes with is the key store's business: a thread asks it for a virtual
/// machine of its job's key and asks again when something better became ready.
/// </summary>
public sealed class Miner : IAsyncDisposable
{
    /// <summary>Hits that may wait to be verified; a thread that finds one more waits, so that none is lost.</summary>
    private const int MaxWaitingHits = 1024;

    /// <summary>Random bytes that tell runs apart.</summary>
    private const int RunSize = 16;

    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Where no thread hashes there is little to see.</summary>
    private static readonly TimeSpan IdleSampleInterval = TimeSpan.FromSeconds(5);

    private readonly MinerThread[] _threads;
    private readonly Channel<Hit> _hits;
    private readonly HashRateMeter _meter = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly MinerControl _control;
    private readonly KeyStore _keys;
    private readonly ITimer _sampler;
    private readonly ILogger _logger;

    /// <param name="plan">One thread is made for each planned one.</param>
    /// <param name="keys">Gives virtual machines; must outlive the miner.</param>
    /// <param name="options">Affinity and priority.</param>
    /// <param name="time">Clock for hash rates and switch latencies.</param>
    /// <param name="logger">Hears of threads that could not be pinned and of threads that failed.</param>
    public Miner(ThreadPlan plan, KeyStore keys, MinerOptions options, TimeProvider time, ILogger<Miner> logger)
    {
        _time = time;
        _start = time.GetTimestamp();
        _hits = Channel.CreateBounded<Hit>(new BoundedChannelOptions(MaxWaitingHits) { FullMode = BoundedChannelFullMode.Wait });
        _logger = logger;
        _control = new MinerControl(time);
        _control.Arrived += TellOfArrival;
        _keys = keys;
        keys.StatusChanged += WakeForKeys;
        if (plan.Threads.Count > 0)
            keys.LetGoFirst(FirstHash);

        // Two runs on one template must not search the same blobs again, so every run starts elsewhere.
        byte[] origin = [.. options.Identity.Span, .. RandomNumberGenerator.GetBytes(RunSize)];
        uint run = BitConverter.ToUInt32(SHA256.HashData(origin));
        _threads = [.. plan.Threads.Select((planned, index) => new MinerThread(
            index, planned, ((ulong)index << 48) | ((ulong)run << 16), keys, options, _control, _hits.Writer, logger))];
        TimeSpan interval = _threads.Length > 0 ? SampleInterval : IdleSampleInterval;
        _sampler = time.CreateTimer(_ => Sample(), null, interval, interval);
    }

    /// <summary>Hits in the order they were found. Completed when the miner is disposed.</summary>
    public ChannelReader<Hit> Hits => _hits.Reader;

    /// <summary>The job that is searched now; null when there is none.</summary>
    public Job? Job => _control.Work.Job;

    public bool IsPaused => _control.Work.Paused;

    public int ThreadCount => _threads.Length;

    /// <summary>Threads that hash with the full dataset at this moment.</summary>
    public int FullThreadCount => _threads.Count(thread => thread.IsFull);

    /// <summary>Pages of the first thread's scratchpad; null while it has none.</summary>
    public PageKind? ScratchpadPages => _threads.FirstOrDefault()?.ScratchpadPages;

    /// <summary>Hashes computed since start, by all threads.</summary>
    public long TotalHashes => ThreadHashes.Sum();

    /// <summary>Hashes computed since start by each thread.</summary>
    internal IEnumerable<long> ThreadHashes => _threads.Select(thread => thread.Hashes);

    /// <summary>Bytes that each thread had allocated on the managed heap after its latest hash: constant while it hashes.</summary>
    public IEnumerable<long> AllocatedBytes => _threads.Select(thread => thread.AllocatedBytes);

    public HashRate HashRate => _meter.Read();

    /// <summary>Completes when the first hash has been computed by any thread.</summary>
    public Task FirstHash => _control.FirstHash;

    /// <summary>Completes in fault when a thread died of an unexpected error: mining cannot go on then.</summary>
    public Task Failure => _control.Failure;

    public void Start()
    {
        foreach (MinerThread thread in _threads)
            thread.Start();
    }

    /// <summary>Makes every thread search <paramref name="job"/> after the hash it is on; null stops hashing.</summary>
    public void SetJob(Job? job) => _control.SetJob(job);

    /// <summary>Stops or resumes hashing without losing the job.</summary>
    public void SetPaused(bool paused) => _control.SetPaused(paused);

    /// <summary>
    /// How long the slowest thread took from the last <see cref="SetJob"/> to hashing the new job; null while a thread
    /// has not arrived there, and when no thread hashes.
    /// </summary>
    public TimeSpan? LastSwitchLatency => SwitchLatency(_control.Work);

    /// <summary>Stops the threads after the hash each is on, and frees their virtual machines.</summary>
    public async ValueTask DisposeAsync()
    {
        _keys.StatusChanged -= WakeForKeys;
        _control.Stop();
        await Task.WhenAll(_threads.Select(thread => thread.Completion));
        await _sampler.DisposeAsync();
        _hits.Writer.TryComplete();
    }

    private TimeSpan? SwitchLatency(MinerWork work)
    {
        TimeSpan slowest = TimeSpan.Zero;
        foreach (MinerThread thread in _threads)
        {
            if (thread.ArrivedAt(work) is not long arrived)
                return null;
            TimeSpan latency = _time.GetElapsedTime(work.SetAt, arrived);
            slowest = latency > slowest ? latency : slowest;
        }
        return _threads.Length == 0 ? null : slowest;
    }

    /// <summary>Told when the last thread has arrived; where two arrive at once, it may be told twice.</summary>
    private void TellOfArrival(MinerWork work)
    {
        if (_logger.IsEnabled(LogLevel.Debug) && SwitchLatency(work) is TimeSpan slowest)
            _logger.LogDebug("All threads search {Job} of height {Height} after {Milliseconds:F1} ms", work.Job?.Id, work.Job?.Height, slowest.TotalMilliseconds);
    }

    // Threads that wait for a cache begin as soon as it is there.
    private void WakeForKeys(KeyStoreStatus status) => _control.Wake();

    private void Sample() => _meter.Sample(_time.GetElapsedTime(_start), TotalHashes);
}
