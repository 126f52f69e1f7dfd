using System.Diagnostics.CodeAnalysis;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.ShareChain;

/// <summary>Computes the RandomX hash of <paramref name="blob"/> under <paramref name="key"/>.</summary>
internal delegate Hash256 ProofHash(Hash256 key, ReadOnlySpan<byte> blob);

/// <summary>
/// The share chain: every valid link that is known here and not pruned, as a tree, and its tip, which is the end of the
/// best branch (<see cref="TipChoice"/>). Knows no clock, no files and no
/// peers: times are arguments, in seconds since the Unix epoch. Safe for any number of threads; proof of work is
/// computed outside the lock.
/// </summary>
/// <remarks>
/// Links that are ahead of the time here (<see cref="ChainClock"/>) are kept, but passed over as tip until their time has
/// come or their branch outweighs all others by far, so that a wrong clock, here or elsewhere, neither stops the chain nor
/// destroys it.
/// </remarks>
internal sealed class ShareTree
{
    /// <summary>
    /// Links behind the tip that always stay: four epochs, 22 hours at 10 s per link. More than the longest span that
    /// anything looks back over, which is the distance to the seed link of a key (2,112 links).
    /// </summary>
    public const ulong KeptLinks = 4 * SeedHeight.EpochLength;

    /// <summary>
    /// Links that are held in all, side branches included: two whole chains from the root, as a healing partition needs
    /// them, and some. Beyond it the ends of the lightest branches go.
    /// </summary>
    public const int MaxLinks = 24576;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, Link> _links = [];
    private readonly LinkKeys _keys = new();
    private readonly ProofHash _proofHash;
    private readonly Predicate<Hash256> _isNamed;
    private readonly Predicate<Hash256> _isKnownKey;
    private readonly Func<Hash256, Link?> _find;
    private readonly Share _genesis;
    private readonly ChainClock _clock = new();
    private ActiveBranch _active;
    private Link _heaviest;
    private long _sequence;
    private Action<Link>? _added;
    private MinerId _self;
    private Contributions? _contributions;

    /// <param name="genesis">The cluster's <see cref="Genesis"/>.</param>
    /// <param name="proofHash">The proof of work; exceptions pass through <see cref="Add"/>.</param>
    /// <param name="isKnownKey">
    /// Whether a key is that of a Monero job that is known here; those of links that are kept are known in any case. Called under the lock.
    /// </param>
    public ShareTree(Share genesis, ProofHash proofHash, Predicate<Hash256> isKnownKey)
    {
        GenesisId = genesis.Id;
        _genesis = genesis;
        _proofHash = proofHash;
        _isNamed = isKnownKey;
        _isKnownKey = key => _keys.Contains(key) || _isNamed(key);
        _find = id => _links.GetValueOrDefault(id);
        StartFrom(new Link(genesis, childKey: genesis.Id, childDifficulty: LinkDifficulty.Minimum));
    }

    /// <summary>
    /// A link was added. Raised once per link in the order of addition, parents first, under the lock: handlers have to
    /// be short and may call this tree only on the same thread. Once a handler is removed, it does not run any more.
    /// </summary>
    public event Action<Link> Added
    {
        add
        {
            lock (_lock)
                _added += value;
        }
        remove
        {
            lock (_lock)
                _added -= value;
        }
    }

    /// <summary>All links were replaced by those of another tree. Raised under the lock, as <see cref="Added"/>.</summary>
    public event Action? Replaced;

    /// <summary>
    /// The tip changed, or what a link on it can name. Raised outside the lock; <see cref="NextTemplate"/> gives the latest.
    /// </summary>
    public event Action? TipChanged;

    public Hash256 GenesisId { get; }

    /// <summary>
    /// Seconds that have to be added to this machine's clock according to the others' links; 0 while it agrees with them.
    /// </summary>
    public long ClockOffset
    {
        get
        {
            lock (_lock)
                return _clock.Offset;
        }
    }

    /// <summary>The link to build on.</summary>
    public Link Tip
    {
        get
        {
            lock (_lock)
                return _active.Tip;
        }
    }

    /// <summary>The oldest link that is kept; an ancestor of the tip.</summary>
    public Link Root
    {
        get
        {
            lock (_lock)
                return _active.Root;
        }
    }

    /// <summary>Links that are kept, side branches included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _links.Count;
        }
    }

    /// <summary>The keys of Monero jobs under which there are links; who follows this chain has to know them. Those of the most links first.</summary>
    public IReadOnlyList<Hash256> Keys
    {
        get
        {
            lock (_lock)
                return _keys.All;
        }
    }

    /// <summary>Who did how much of the work of the last links.</summary>
    public Contributions Contributions
    {
        get
        {
            lock (_lock)
            {
                if (_contributions?.Tip != _active.Tip.Id)
                    _contributions = Contributions.Of(_active.Tip, id => _links.GetValueOrDefault(id));
                return _contributions;
            }
        }
    }

    public bool TryGet(Hash256 id, [NotNullWhen(true)] out Link? link)
    {
        lock (_lock)
            return _links.TryGetValue(id, out link);
    }

    /// <summary>The link at a height of the branch that ends in the tip; null above the tip and below the root.</summary>
    public Link? AtHeight(ulong height)
    {
        lock (_lock)
            return _active.AtHeight(height);
    }

    /// <summary>
    /// Everything that can be said about a share without hashing, cheapest first. Null when only the proof of work is
    /// left to check.
    /// </summary>
    public AddResult? Check(Share share)
    {
        lock (_lock)
            return CheckPlace(share, _isKnownKey, _find, out _);
    }

    /// <summary>
    /// How many of these shares, in their order, lack nothing but their proof of work as long as those before them have it: what can
    /// be hashed together.
    /// </summary>
    public int CountProvable(IEnumerable<Share> shares)
    {
        Dictionary<Hash256, Link> ahead = [];
        lock (_lock)
        {
            foreach (Share share in shares)
            {
                if (CheckPlace(share, _isKnownKey, id => ahead.GetValueOrDefault(id) ?? _find(id), out Link? parent) is not null)
                    break;
                ahead.Add(share.Id, new Link(share, parent!, sequence: 0));
            }
        }
        return ahead.Count;
    }

    /// <summary>What of parent and uncles is not known here, without which a share cannot be checked.</summary>
    public IReadOnlyList<Hash256> MissingFor(ShareHeader header)
    {
        lock (_lock)
        {
            IEnumerable<Hash256> needed = UncleRules.IsBelieved(header.Height, _active.Root) ? [header.Parent] : header.Uncles.Prepend(header.Parent);
            return [.. needed.Where(id => !_links.ContainsKey(id))];
        }
    }

    /// <summary>Checks a share in full, proof of work last, and adds it if it is valid.</summary>
    /// <param name="share">A share of any origin.</param>
    /// <param name="now">The clock.</param>
    public AddResult Add(Share share, ulong now)
    {
        if (Check(share) is { } known)
            return known;
        return HasWork(share) ? AddVerified(share, now) : AddResult.Invalid(ShareFault.ProofOfWork);
    }

    /// <summary>Adds a share whose proof of work the caller has checked; everything else is checked here.</summary>
    /// <param name="share">A share of any origin.</param>
    /// <param name="now">The clock.</param>
    /// <param name="isNew">Whether it was found just now, so that its timestamp says what time it is.</param>
    public AddResult AddVerified(Share share, ulong now, bool isNew = true)
    {
        bool tipChanged;
        bool isTip;
        lock (_lock)
        {
            if (CheckPlace(share, _isKnownKey, _find, out Link? parent) is { } known)
                return known;
            Insert(share, parent!);
            if (isNew)
                _clock.Hear(share.Header.Timestamp, now, isOwn: share.Header.Miner.Equals(_self));
            tipChanged = SelectTip(now);
            isTip = _active.Tip.Id == share.Id;
            tipChanged |= !isTip && _links.TryGetValue(share.Id, out Link? link) && IsUncleOfNext(link);
        }
        if (tipChanged)
            TipChanged?.Invoke();
        return new AddResult(isTip ? AddStatus.NewTip : AddStatus.Added);
    }

    /// <summary>
    /// The header of a link on the tip, to be filled with an extra nonce and mined. The tip is chosen anew for
    /// <paramref name="now"/> first.
    /// </summary>
    /// <param name="miner">Who is credited.</param>
    /// <param name="now">The clock.</param>
    /// <param name="key">The <c>seed_hash</c> of the Monero job that is mined on; null for the chain's own key.</param>
    public ShareTemplate NextTemplate(MinerId miner, ulong now, Hash256? key = null)
    {
        ShareTemplate template;
        bool tipChanged;
        lock (_lock)
        {
            _self = miner;
            tipChanged = SelectTip(now);
            Link parent = _active.Tip;
            ShareHeader header = HeaderOn(parent, miner, _clock.TimeOf(now), key ?? parent.ChildKey);
            template = new ShareTemplate(
                header with { Uncles = UncleRules.Available(parent, header) }, key is null ? parent.NextChildKey : null);
        }
        if (tipChanged)
            TipChanged?.Invoke();
        return template;
    }

    /// <summary>All links in the order of addition, the root first.</summary>
    public IReadOnlyList<Link> Export()
    {
        lock (_lock)
            return [.. _links.Values.OrderBy(link => link == _active.Root ? 0 : link.Sequence)];
    }

    /// <summary>
    /// Starts from a pruned chain's root instead of the genesis link. The root is trusted; what is added on top of it
    /// is not.
    /// </summary>
    /// <returns>False, and nothing changed, when links are known already or this cannot be a root.</returns>
    public bool TryRestoreRoot(Link root)
    {
        lock (_lock)
        {
            if (_links.Count > 1 || _active.Root.Id != GenesisId || root.Height == 0 || root.Height % SeedHeight.EpochLength != 0)
                return false;
            StartFrom(root);
            return true;
        }
    }

    /// <summary>A tree of the same chain that begins with a pruned chain's root, to be filled beside this one.</summary>
    /// <returns>Null when this cannot be a root.</returns>
    public ShareTree? Beside(Link root)
    {
        HashSet<Hash256> known = [.. Keys];
        var tree = new ShareTree(_genesis, _proofHash, key => known.Contains(key) || _isNamed(key));
        return tree.TryRestoreRoot(root) ? tree : null;
    }

    /// <summary>
    /// Replaces all links by those of a tree that <see cref="Beside"/> made, if it is as deep as a pruned chain is and its links
    /// hold more work than those kept here: what a root claims of the work below it counts for nothing.
    /// </summary>
    public bool TryAdopt(ShareTree other)
    {
        lock (_lock)
        {
            lock (other._lock)
            {
                Link root = other._active.Root;
                Link tip = other._active.Tip;
                UInt128 ours = _heaviest.CumulativeDifficulty - _active.Root.CumulativeDifficulty;
                if (tip.Height - root.Height < KeptLinks || tip.CumulativeDifficulty - root.CumulativeDifficulty <= ours)
                    return false;
                _links.Clear();
                foreach ((Hash256 id, Link link) in other._links)
                    _links.Add(id, link);
                _keys.Recount(_links.Values);
                (_active, _heaviest, _sequence) = (other._active, other._heaviest, other._sequence);
            }
            Replaced?.Invoke();
        }
        TipChanged?.Invoke();
        return true;
    }

    /// <summary>
    /// Adds a share that this node has checked in an earlier run: as <see cref="AddVerified"/>, but neither the clock
    /// nor the set of known keys has a say, and the tip is the heaviest link until the next call that takes a time.
    /// Raises no event.
    /// </summary>
    public AddResult Restore(Share share)
    {
        lock (_lock)
        {
            if (CheckPlace(share, _ => true, _find, out Link? parent) is { } known)
                return known;
            Insert(share, parent!, announce: false);
            SelectTip(ulong.MaxValue);
            return new AddResult(AddStatus.Added);
        }
    }

    private static ShareHeader HeaderOn(Link parent, MinerId miner, ulong time, Hash256 key) => new()
    {
        Parent = parent.Id,
        Height = parent.Height + 1,
        Timestamp = Math.Max(time, parent.Timestamp),
        Difficulty = parent.ChildDifficulty,
        CumulativeDifficulty = parent.CumulativeDifficulty + parent.ChildDifficulty,
        Key = key,
        ExtraNonce = 0,
        Miner = miner,
    };

    private AddResult? CheckPlace(Share share, Predicate<Hash256> isKnownKey, Func<Hash256, Link?> find, out Link? parent)
    {
        parent = null;
        if (find(share.Id) is not null)
            return new AddResult(AddStatus.Duplicate);
        if (share.Header.Height <= _active.Root.Height)
            return AddResult.Invalid(ShareFault.BelowRoot);
        parent = find(share.Header.Parent);
        if (parent is null)
            return new AddResult(AddStatus.UnknownParent);
        ShareFault fault = ShareRules.FaultOf(share, parent, isKnownKey);
        return fault == ShareFault.None ? CheckUncles(share.Header, parent, find) : AddResult.Invalid(fault);
    }

    private bool IsUncleOfNext(Link link)
    {
        Link tip = _active.Tip;
        return UncleRules.IsUncle(link, HeaderOn(tip, link.Share.Header.Miner, tip.Timestamp, link.Share.Header.Key), tip);
    }

    private AddResult? CheckUncles(ShareHeader header, Link parent, Func<Hash256, Link?> find)
    {
        AddResult? result = null;
        foreach (Hash256 id in header.Uncles)
        {
            if (find(id) is Link uncle)
            {
                if (!UncleRules.IsUncle(uncle, header, parent))
                    return AddResult.Invalid(ShareFault.Uncle);
            }
            else if (!UncleRules.IsBelieved(header.Height, _active.Root))
            {
                result = new AddResult(AddStatus.UnknownUncle);
            }
        }
        return result;
    }

    private bool HasWork(Share share)
    {
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        Span<byte> hash = stackalloc byte[Hash256.Size];
        _proofHash(share.Header.Key, blob[..share.WriteHashingBlob(blob)]).CopyTo(hash);
        return Difficulty.IsMet(hash, share.Header.Difficulty);
    }

    private void Insert(Share share, Link parent, bool announce = true)
    {
        var link = new Link(share, parent, ++_sequence);
        _links.Add(link.Id, link);
        _keys.Add(share);
        parent.AddChild(link);
        foreach (Hash256 id in share.Header.Uncles)
        {
            if (_links.TryGetValue(id, out Link? uncle))
                uncle.UncleUses++;
        }
        if (TipChoice.IsBetter(link, _heaviest))
            _heaviest = link;
        if (announce)
            _added?.Invoke(link);
        if (_links.Count <= MaxLinks)
            return;
        TreePruning.DropLightestBranches(_links, keep: [_active.Tip, _heaviest], MaxLinks - MaxLinks / 16);
        _keys.Recount(_links.Values);
    }

    private bool SelectTip(ulong now)
    {
        ulong latest = _clock.Latest(now, _active.Root);
        Link best = _heaviest;
        if (_heaviest.Timestamp > latest)
        {
            best = TipChoice.BestUntil(_links, _active.Root, latest);
            if (TipChoice.Outvotes(_heaviest, best))
            {
                best = _heaviest;
                _clock.Outvote(best.Timestamp, now);
            }
        }
        if (best == _active.Tip)
            return false;
        _active.SwitchTo(best);
        PruneBehindTip();
        return true;
    }

    /// <summary>
    /// Moves the root up to an epoch's first link. A root is always a seed link, so that the key of every link above it
    /// is at hand.
    /// </summary>
    private void PruneBehindTip()
    {
        if (_active.Tip.Height < _active.Root.Height + KeptLinks + SeedHeight.EpochLength)
            return;
        _active.CutBelow((_active.Tip.Height - KeptLinks) & ~(SeedHeight.EpochLength - 1));
        TreePruning.DropOthersThanDescendants(_links, _active.Root);
        _keys.Recount(_links.Values);
        if (!_links.ContainsKey(_heaviest.Id))
            _heaviest = TipChoice.BestUntil(_links, _active.Root, ulong.MaxValue);
    }

    [MemberNotNull(nameof(_active), nameof(_heaviest))]
    private void StartFrom(Link root)
    {
        _links.Clear();
        _links.Add(root.Id, root);
        _keys.Recount(_links.Values);
        _active = new ActiveBranch(root);
        _heaviest = root;
    }
}
