using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.Threads;

/// <summary>
/// One thread that hashes. It looks at its orders before every hash and gives up the hashes in flight for a new job, of which
/// some would take long; it computes one hash per lane of its hasher at once and allocates nothing.
/// </summary>
internal sealed class MinerThread
{
    // A thread without a job or a key is woken by changes of either; one that came while it looked is seen so much later.
    private static readonly TimeSpan IdleLook = TimeSpan.FromMilliseconds(20);

    /// <summary>About how many nonces lie between two looks at whose a piece is.</summary>
    private const ulong OwnerLook = 64;

    private readonly int _index;
    private readonly PlannedThread _planned;
    private readonly KeyStore _keys;
    private readonly MinerOptions _options;
    private readonly MinerControl _control;
    private readonly ChannelWriter<Hit> _hits;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly GivingUp _givingUp;
    private readonly Func<bool> _isWanted;

    private ulong _extraNonce;
    private MinerWork? _searched;
    private IHasher? _vm;
    private IRandomXEngine? _engine;
    private byte[] _blobs = [];
    private byte[] _laneHashes = [];
    private Hash256 _vmKey;
    private int _generation = -1;
    private long _hashes;
    private volatile bool _isFull;
    private volatile Arrival? _arrival;
    private volatile object? _pages;
    private bool _isLowered;
    private bool _isWaitingForMemory;
    private long _allocatedBytes;

    public MinerThread(
        int index, PlannedThread planned, ulong firstExtraNonce, KeyStore keys, MinerOptions options, MinerControl control,
        ChannelWriter<Hit> hits, ILogger logger)
    {
        _index = index;
        _planned = planned;
        _extraNonce = firstExtraNonce;
        _keys = keys;
        _options = options;
        _control = control;
        _hits = hits;
        _logger = logger;
        _givingUp = new GivingUp(control);
        _isWanted = () => IsStillRight(_searched!) || !_givingUp.IsAllowed;
    }

    public long Hashes => Volatile.Read(ref _hashes);

    public bool IsFull => _isFull;

    /// <summary>Pages of the scratchpad; null before the first hash.</summary>
    public PageKind? ScratchpadPages => _pages is null ? null : (PageKind)_pages;

    /// <summary>Bytes that this thread had allocated on the managed heap after its latest hash.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Completes when the thread has ended and its virtual machine is freed.</summary>
    public Task Completion => _completion.Task;

    public void Start() => new Thread(Run) { IsBackground = true, Name = NameOf(_index) }.Start();

    /// <summary>When this thread began to hash <paramref name="work"/>; null if it has not.</summary>
    public long? ArrivedAt(MinerWork work) => _arrival is Arrival arrival && arrival.Work == work ? arrival.At : null;

    private void Run()
    {
        try
        {
            ApplyOptions();
            Mine();
        }
        catch (Exception reason)
        {
            // Whatever ended the thread must end the node: a miner that silently lost a thread would look healthy.
            _logger.LogCritical(reason, "Miner thread {Thread} failed", _index);
            _control.ReportFailure(reason);
        }
        _vm?.Dispose();
        _completion.SetResult();
    }

    /// <summary>Hashes until the end, or, lowered, until nothing is made way for any more.</summary>
    private void Mine()
    {
        for (MinerWork work = _control.Work; !work.Stopping; work = _control.Work)
        {
            bool isReady = TakeVm(work.Job);
            if (_isLowered && !MakesWay)
                return;
            if (!_isLowered && MakesWay && !_options.HasQuota)
                MineLowered();
            else if (work.Job is null || work.Paused || !isReady || (_options.HasQuota && MakesWay))
                _control.WaitForChange(work, IdleLook);
            else
                Search(work, work.Job, _vm!);
        }
    }

    // A thread cannot raise its priority again without privileges, and those that it starts have its own: so another one hashes
    // with the lowest while this one waits.
    private void MineLowered()
    {
        ExceptionDispatchInfo? failure = null;
        Thread lowered = new(() =>
        {
            try
            {
                CurrentThread.TryLowerPriority();
                Mine();
            }
            catch (Exception reason)
            {
                failure = ExceptionDispatchInfo.Capture(reason);
            }
        })
        {
            IsBackground = true,
            Name = NameOf(_index),
        };
        _isLowered = true;
        lowered.Start();
        lowered.Join();
        _isLowered = false;
        failure?.Throw();
    }

    /// <summary>
    /// Whether the CPUs are better used for the dataset that this thread is waiting for: light mode does about a tenth of
    /// the work of full mode. At the start it goes first for a moment; with a quota, for its first hashes only.
    /// </summary>
    private bool MakesWay =>
        _vm is not null && !_isFull && (_control.LightStart.IsOver || (_options.HasQuota && _hashes > 0)) && _keys.IsDatasetComing(_vmKey);

    private static string NameOf(int index) => $"miner {index}";

    private void ApplyOptions()
    {
        if (_options.Pin && !CurrentThread.TryPin(_planned.Cpu))
            _logger.LogWarning("Miner thread {Thread} could not be pinned to CPU {Cpu}", _index, _planned.Cpu);
        if (_options.LowPriority && !CurrentThread.TryLowerPriority())
            _logger.LogWarning("Miner thread {Thread} keeps its normal priority", _index);
    }

    /// <summary>
    /// Makes <see cref="_vm"/> one of the job's key, the best that is ready; false when none is. One of another key is
    /// given up even while nothing is hashed, because its memory may be waited for.
    /// </summary>
    private bool TakeVm(Job? job)
    {
        int generation = _keys.Generation;
        if (job is null)
        {
            DropVm();
            return false;
        }
        Hash256 key = job.Key;
        bool isRightKey = _vm is not null && _vmKey == key;
        bool isRightEngine = _engine == _keys.Engine;
        if (isRightKey && isRightEngine && generation == _generation)
            return true;
        _generation = generation;
        if (isRightKey && isRightEngine && _isFull == _keys.IsDatasetReady(key))
            return true;

        // The old one goes first: there may be memory for one only.
        _vm?.Dispose();
        _engine = _keys.Engine;
        _vm = TryCreateVm(key, out bool isFull);
        _blobs = new byte[HashingBlob.MaxSize * (_vm?.Lanes ?? 0)];
        _laneHashes = new byte[Hash256.Size * (_vm?.Lanes ?? 0)];
        _vmKey = key;
        _isFull = _vm is not null && isFull;
        _pages = null;
        return _vm is not null;
    }

    // For a moment memory can be short, or too many files be open. A thread that never hashed has too little at all, which ends the node.
    private IHasher? TryCreateVm(Hash256 key, out bool isFull)
    {
        try
        {
            IHasher? vm = _keys.TryCreateVm(key, _planned.NumaNode, out isFull);
            _isWaitingForMemory = false;
            return vm;
        }
        catch (InsufficientMemoryException reason) when (_hashes > 0)
        {
            if (!_isWaitingForMemory)
                _logger.LogWarning("Miner thread {Thread} tries again and again: {Reason}", _index, reason.Message);
            (_isWaitingForMemory, _generation, isFull) = (true, -1, false);
            return null;
        }
    }

    private void DropVm()
    {
        _vm?.Dispose();
        _vm = null;
        _isFull = false;
        _pages = null;
    }

    private void Search(MinerWork work, Job job, IHasher vm)
    {
        (uint first, uint count) = (0, 0);
        if (job.Ranges is { } ranges && !ranges.TryTake(out first, out count))
        {
            _control.WaitForChange(work, IdleLook);
            return;
        }
        ulong extraNonce = _extraNonce++;
        int length = job.WriteHashingBlob(extraNonce, _blobs, out int nonceOffset);
        Span<byte> blobs = _blobs.AsSpan(0, length * vm.Lanes);
        for (int lane = 1; lane < vm.Lanes; lane++)
            blobs[..length].CopyTo(blobs[(lane * length)..]);
        ulong upperTarget = Difficulty.UpperTarget(job.ShareDifficulty);
        ulong nonce = first;
        ulong end = count == 0 ? 1ul << 32 : nonce + count;
        bool isFirst = true;
        _searched = work;

        if (vm.Lanes > 1 && !vm.IsFull && count == 0 && !_control.FirstHash.IsCompleted)
            HashAlone(job, vm, blobs[..length], nonceOffset, extraNonce, (uint)nonce++, upperTarget);
        WriteNonces(blobs, length, nonceOffset, (uint)nonce);
        vm.First(blobs);
        Arrive(work);
        do
        {
            WriteNonces(blobs, length, nonceOffset, (uint)nonce + (uint)vm.Lanes);
            if (!vm.TryNext(blobs, _laneHashes, _isWanted))
            {
                _givingUp.Count();
                return;
            }
            for (int lane = 0; lane < vm.Lanes; lane++)
                Judge(job, _laneHashes.AsSpan(lane * Hash256.Size, Hash256.Size), extraNonce, (uint)nonce + (uint)lane, upperTarget);
            Volatile.Write(ref _hashes, _hashes + vm.Lanes);
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
            if (isFirst)
                AfterFirstHash(vm);
            if (!_isFull && !_isLowered)
                _control.LightStart.AfterHash(job.ShareDifficulty);
            isFirst = false;
            nonce += (ulong)vm.Lanes;
        }
        while (nonce + (ulong)vm.Lanes <= end && IsStillRight(work) && _isLowered == MakesWay && (count == 0 || IsStillOurs(job, first, nonce)));
    }

    // A hash by itself is there long before those of all lanes: so a node that starts sees soon that it works.
    private void HashAlone(Job job, IHasher vm, Span<byte> blob, int nonceOffset, ulong extraNonce, uint nonce, ulong upperTarget)
    {
        WriteNonces(blob, blob.Length, nonceOffset, nonce);
        Span<byte> hash = stackalloc byte[Hash256.Size];
        vm.CalculateHash(blob, hash);
        Judge(job, hash, extraNonce, nonce, upperTarget);
        Volatile.Write(ref _hashes, _hashes + 1);
        _control.ReportFirstHash();
    }

    private void Judge(Job job, ReadOnlySpan<byte> hash, ulong extraNonce, uint nonce, ulong upperTarget)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]) <= upperTarget && Difficulty.IsMet(hash, job.ShareDifficulty))
            Report(new Hit(job, extraNonce, nonce, new Hash256(hash), _index));
    }

    /// <summary>Asked now and then: a slice that has moved a moment ago has not been searched far by its new owner.</summary>
    private static bool IsStillOurs(Job job, uint first, ulong nonce) => nonce % OwnerLook != 0 || job.Ranges!.IsStillOurs(first);

    private bool IsStillRight(MinerWork work) =>
        _control.Work == work && _keys.Generation == _generation && _keys.Engine == _engine;

    private static void WriteNonces(Span<byte> blobs, int length, int nonceOffset, uint first)
    {
        for (int offset = nonceOffset; offset < blobs.Length; offset += length)
            BinaryPrimitives.WriteUInt32LittleEndian(blobs[offset..], first++);
    }

    private void Arrive(MinerWork work)
    {
        if (ReferenceEquals(_arrival?.Work, work))
            return;
        _arrival = new Arrival(work, _control.Now);
        _control.ReportArrival(work);
    }

    private void AfterFirstHash(IHasher vm)
    {
        _control.ReportFirstHash();
        if (_pages is null)
            _pages = vm.PageKind;
    }

    private void Report(Hit hit)
    {
        _control.LightStart.End();

        // A full channel means that verification lags by a thousand hits; waiting loses hashes, dropping would lose shares.
        while (!_hits.TryWrite(hit) && !_control.Work.Stopping)
            _control.WaitForChange(_control.Work, IdleLook);
    }

    private sealed record Arrival(MinerWork Work, long At);
}
