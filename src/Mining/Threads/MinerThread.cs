using System.Buffers.Binary;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Threads;

/// <summary>
/// One thread that hashes. It looks at its orders before every hash, so a new job wastes no more than the hash in
/// flight; between two looks it computes one hash and allocates nothing.
/// </summary>
internal sealed class MinerThread
{
    // A thread without a job or a key is woken by changes of work; the key store is asked this often.
    private static readonly TimeSpan IdleLook = TimeSpan.FromMilliseconds(20);

    private readonly int _index;
    private readonly PlannedThread _planned;
    private readonly KeyStore _keys;
    private readonly MinerOptions _options;
    private readonly MinerControl _control;
    private readonly ChannelWriter<Hit> _hits;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _blob = new byte[HashingBlob.MaxSize];
    private readonly byte[] _hash = new byte[Hash256.Size];

    private ulong _extraNonce;
    private RandomXVm? _vm;
    private Hash256 _vmKey;
    private int _generation = -1;
    private long _hashes;
    private volatile bool _isFull;
    private volatile Arrival? _arrival;

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
    }

    public long Hashes => Volatile.Read(ref _hashes);

    public bool IsFull => _isFull;

    /// <summary>Pages of the scratchpad; null while there is no virtual machine.</summary>
    public PageKind? ScratchpadPages => Volatile.Read(ref _vm)?.PageKind;

    /// <summary>Completes when the thread has ended and its virtual machine is freed.</summary>
    public Task Completion => _completion.Task;

    public void Start() => new Thread(Run) { IsBackground = true, Name = $"miner {_index}" }.Start();

    /// <summary>When this thread began to hash <paramref name="work"/>; null if it has not.</summary>
    public long? ArrivedAt(MinerWork work) => _arrival is Arrival arrival && arrival.Work == work ? arrival.At : null;

    private void Run()
    {
        try
        {
            ApplyOptions();
            for (MinerWork work = _control.Work; !work.Stopping; work = _control.Work)
            {
                if (work.Job is null || work.Paused || !TakeVm(work.Job.Key))
                    _control.WaitForChange(work, IdleLook);
                else
                    Search(work, work.Job, _vm!);
            }
        }
        catch (Exception reason)
        {
            // Whatever ended the thread must end the node: a miner that silently lost a thread would look healthy.
            _logger.LogCritical(reason, "Miner thread {Thread} failed", _index);
            _control.ReportFailure(reason);
        }
        finally
        {
            _vm?.Dispose();
            _completion.SetResult();
        }
    }

    private void ApplyOptions()
    {
        if (_options.Pin && !CurrentThread.TryPin(_planned.Cpu))
            _logger.LogWarning("Miner thread {Thread} could not be pinned to CPU {Cpu}", _index, _planned.Cpu);
        if (_options.LowPriority && !CurrentThread.TryLowerPriority())
            _logger.LogWarning("Miner thread {Thread} keeps its normal priority", _index);
    }

    /// <summary>Makes <see cref="_vm"/> one of <paramref name="key"/>, the best that is ready. False when none is.</summary>
    private bool TakeVm(Hash256 key)
    {
        int generation = _keys.Generation;
        bool isRightKey = _vm is not null && _vmKey == key;
        if (isRightKey && (_isFull || generation == _generation))
            return true;

        RandomXVm? better = _keys.TryCreateVm(key, _planned.NumaNode, out bool isFull);
        _generation = generation;
        if (better is null && isRightKey)
            return true;
        _vm?.Dispose();
        _vm = better;
        _vmKey = key;
        _isFull = better is not null && isFull;
        return better is not null;
    }

    private void Search(MinerWork work, Job job, RandomXVm vm)
    {
        ulong extraNonce = _extraNonce++;
        int length = job.WriteHashingBlob(extraNonce, _blob, out int nonceOffset);
        Span<byte> blob = _blob.AsSpan(0, length);
        Span<byte> nonceBytes = blob.Slice(nonceOffset, sizeof(uint));
        ulong upperTarget = Difficulty.UpperTarget(job.ShareDifficulty);
        uint nonce = 0;

        vm.First(blob);
        _arrival = new Arrival(work, _control.Now);
        do
        {
            BinaryPrimitives.WriteUInt32LittleEndian(nonceBytes, nonce + 1);
            vm.Next(blob, _hash);
            if (BinaryPrimitives.ReadUInt64LittleEndian(_hash.AsSpan(24)) <= upperTarget && Difficulty.IsMet(_hash, job.ShareDifficulty))
                Report(new Hit(job, extraNonce, nonce, new Hash256(_hash), _index));
            Volatile.Write(ref _hashes, _hashes + 1);
            if (_hashes == 1)
                _control.ReportFirstHash();
        }
        while (nonce++ != uint.MaxValue && _control.Work == work && (_isFull || _keys.Generation == _generation));
    }

    private void Report(Hit hit)
    {
        // A full channel means that verification lags by a thousand hits; waiting loses hashes, dropping would lose shares.
        while (!_hits.TryWrite(hit) && !_control.Work.Stopping)
            _control.WaitForChange(_control.Work, IdleLook);
    }

    private sealed record Arrival(MinerWork Work, long At);
}
