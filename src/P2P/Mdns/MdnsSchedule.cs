namespace P2PMiner.P2P.Mdns;

/// <summary>
/// When one link is asked and answered. Questions come at once, then at doubling distances up to the interval (RFC 6762 §5.2), and
/// one is saved if another host just asked the same (§7.3). Answers come after a short random delay, so that many hosts do not
/// answer in the same instant, and each kind at most once per second (§6). For use by several threads.
/// </summary>
internal sealed class MdnsSchedule(TimeProvider time, Random random, TimeSpan interval)
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan AnswerDistance = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstStep = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Answer _answer = new();
    private readonly Answer _metaAnswer = new();
    private DateTimeOffset _nextQuery;
    private TimeSpan _step;
    private DateTimeOffset _heard = DateTimeOffset.MinValue;

    /// <summary>When there is something to do next.</summary>
    public DateTimeOffset Next
    {
        get
        {
            lock (_lock)
            {
                DateTimeOffset next = _answer.Due < _nextQuery ? _answer.Due : _nextQuery;
                return _metaAnswer.Due < next ? _metaAnswer.Due : next;
            }
        }
    }

    /// <summary>Begins: a query soon, then more at short distances.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _step = FirstStep < interval ? FirstStep : interval;
            _nextQuery = time.GetUtcNow() + Delay();
        }
    }

    /// <summary>Another host has asked our question: the answers to it are for all.</summary>
    public void HeardQuery()
    {
        lock (_lock)
            _heard = time.GetUtcNow();
    }

    /// <summary>Somebody wants to know this host.</summary>
    public void WantAnswer() => Want(_answer);

    /// <summary>Somebody wants to know which services there are.</summary>
    public void WantMetaAnswer() => Want(_metaAnswer);

    /// <summary>True if the question is to be asked now.</summary>
    public bool TakeQuery()
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (now < _nextQuery)
                return false;
            bool steady = _step >= interval;
            _nextQuery = now + _step;
            _step = _step * 2 < interval ? _step * 2 : interval;
            return !steady || now - _heard > interval / 2;
        }
    }

    /// <summary>True if <see cref="WantAnswer"/> is to be obeyed now.</summary>
    public bool TakeAnswer() => Take(_answer);

    /// <summary>True if <see cref="WantMetaAnswer"/> is to be obeyed now.</summary>
    public bool TakeMetaAnswer() => Take(_metaAnswer);

    private void Want(Answer answer)
    {
        lock (_lock)
        {
            if (answer.Due != DateTimeOffset.MaxValue)
                return;
            DateTimeOffset soon = time.GetUtcNow() + Delay();
            DateTimeOffset allowed = answer.Sent + AnswerDistance;
            answer.Due = allowed > soon ? allowed : soon;
        }
    }

    private bool Take(Answer answer)
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (now < answer.Due)
                return false;
            answer.Due = DateTimeOffset.MaxValue;
            answer.Sent = now;
            return true;
        }
    }

    private TimeSpan Delay() => MinDelay + ((MaxDelay - MinDelay) * random.NextDouble());

    private sealed class Answer
    {
        public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

        public DateTimeOffset Sent { get; set; } = DateTimeOffset.MinValue;
    }
}
