using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs.Ranges;

/// <summary>
/// Nodes of which each has the product's own <see cref="WorkRanges"/>. Those that hear of events at the same time are told the same members:
/// there are two sides that can be parted, and three delays on each. Who ends, or is on the other side, is missed after as long as in the product.
/// </summary>
internal sealed class RangeSimulation
{
    private const int Sides = 2;

    private static readonly int[] Delays = [0, 1, 3];
    private static readonly int Lifetime = (int)MemberView.Lifetime.TotalSeconds;

    private readonly Random _random;
    private readonly double _speed;
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly View[] _views;
    private readonly List<Node> _alive = [];
    private readonly Queue<Node> _ended = [];
    private readonly Dictionary<int, Dictionary<string, double>> _searched = [];
    private readonly List<News> _news = [];
    private int _now;
    private int _made;
    private bool _isParted;

    public RangeSimulation(int nodes, double speed, int seed)
    {
        _random = new Random(seed);
        _speed = speed;
        _views = [.. Enumerable.Range(0, Sides * Delays.Length).Select(i => new View(i / Delays.Length, Delays[i % Delays.Length]))];
        SliceMap all = new();
        for (int i = 0; i < nodes; i++)
        {
            Node node = NewNode();
            _alive.Add(node);
            all.Set(node.Id, node.Weight);
        }
        foreach (View view in _views)
            view.Begin(all, _alive);
        foreach (Node node in _alive)
            node.Ranges = new WorkRanges(node.Id, _time, all);
    }

    /// <summary>Nonces, those that were searched again included.</summary>
    public double Searched { get; private set; }

    /// <summary>Nonces that somebody else had searched in the same job, or would.</summary>
    public double Twice { get; private set; }

    public IReadOnlyList<Node> Alive => _alive;

    public void NextJob()
    {
        foreach (Dictionary<string, double> slice in _searched.Values)
        {
            Searched += slice.Values.Sum();
            Twice += slice.Values.Sum() - slice.Values.Max();
        }
        _searched.Clear();
        foreach (Node node in _alive)
        {
            node.Ranges.Restart();
            node.First = null;
        }
    }

    /// <summary>Parts the two sides, which miss each other after a while, or brings them together again.</summary>
    public void SetParted(bool isParted)
    {
        _isParted = isParted;
        foreach (View view in _views)
            _news.AddRange(_alive.Where(node => node.View.Side != view.Side).Select(node => Missed(view, node, isParted ? 0 : node.Weight)));
    }

    public Node EndOne()
    {
        Node node = _alive[_random.Next(_alive.Count)];
        _alive.Remove(node);
        _ended.Enqueue(node);
        _news.AddRange(_views.Select(view => Missed(view, node, 0)));
        return node;
    }

    /// <summary>A machine that was never there, or one that ended and forgot what it searched.</summary>
    public Node StartOne(bool isNew)
    {
        Node node = !isNew && _ended.TryDequeue(out Node? former) ? new Node(former.Id, former.Weight, former.View) { Run = former.Run + 1 } : NewNode();
        _alive.Add(node);

        // It hears of the others first, and counts itself in last.
        node.Ranges = new WorkRanges(node.Id, _time, node.View.MapWithout(node.Id));
        node.Ranges.SetMembers(node.View.WeightsWith(node));
        Tell(node);
        return node;
    }

    /// <summary>Another program takes half of a machine, or ends.</summary>
    public void ChangeOne()
    {
        Node node = _alive[_random.Next(_alive.Count)];
        node.Weight = Math.Max(1, _random.Next(2) == 0 ? node.Weight / 2 : node.Weight * 2);
        Tell(node);
    }

    /// <summary>A second passes.</summary>
    public void Step()
    {
        Hear();
        foreach (Node node in _alive)
            Search(node, node.Weight * _speed);
        _now++;
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Time passes in which nothing is searched.</summary>
    public void Rest(TimeSpan time)
    {
        _time.Advance(time);
        _now += (int)time.TotalSeconds;
        foreach (View view in _views)
            view.IsChanged = true;
        Hear();
    }

    /// <summary>Who owns each slice, as all see themselves; null for those of a member that is gone. No two may own the same one.</summary>
    public PeerId?[] Owners()
    {
        PeerId?[] owners = new PeerId?[SliceMap.Slices];
        foreach (Node node in _alive)
        {
            for (int slice = 0; slice < owners.Length; slice++)
            {
                if (!node.Ranges.IsStillOurs((uint)slice * SliceMap.SliceSize))
                    continue;
                Assert.That(owners[slice], Is.Null, $"slice {slice} has two owners");
                owners[slice] = node.Id;
            }
        }
        return owners;
    }

    private Node NewNode()
    {
        // Most have 0.5 to 4 kH/s.
        double rate = Math.Exp(7.4 + 1.4 * (_random.NextDouble() + _random.NextDouble() + _random.NextDouble() - 1.5));
        return new Node(SliceMapTests.Member(_made++), Math.Max(1, (int)rate), _views[_random.Next(_views.Length)]);
    }

    private void Tell(Node node) =>
        _news.AddRange(_views.Where(view => !_isParted || view.Side == node.View.Side).Select(view => new News(_now + view.Delay, view, node, node.Weight)));

    private News Missed(View view, Node node, int weight) => new(_now + view.Delay + (weight == 0 ? Lifetime : 0), view, node, weight);

    private void Hear()
    {
        foreach (News news in _news.Where(news => news.Due <= _now).ToArray())
        {
            _news.Remove(news);
            bool isOutdated = news.Weight == 0
                ? _alive.Contains(news.Node) && (!_isParted || news.To.Side == news.Node.View.Side)
                : !_alive.Contains(news.Node) || (_isParted && news.To.Side != news.Node.View.Side);
            if (!isOutdated && !(news.Weight == 0 && _alive.Any(node => node.Id.Equals(news.Node.Id) && node.View.Side == news.To.Side)))
                news.To.Set(news.Node.Id, news.Weight);
        }
        foreach (Node node in _alive.Where(node => node.View.IsChanged))
            node.Ranges.SetMembers(node.View.WeightsWith(node));
        foreach (View view in _views)
            view.IsChanged = false;
    }

    private void Search(Node node, double nonces)
    {
        while (nonces > 0)
        {
            if (node.First is not uint first || !node.Ranges.IsStillOurs(first) || node.Done >= SliceMap.SliceSize)
            {
                if (!node.Ranges.TryTake(out first, out _))
                    return;
                (node.First, node.Done) = (first, 0);
            }
            double part = Math.Min(nonces, SliceMap.SliceSize - node.Done);
            node.Done += part;
            nonces -= part;
            int slice = (int)(first / SliceMap.SliceSize);
            if (!_searched.TryGetValue(slice, out Dictionary<string, double>? by))
                _searched[slice] = by = [];
            by[node.Searcher] = by.GetValueOrDefault(node.Searcher) + part;
        }
    }

    /// <param name="Due">When it is heard.</param>
    /// <param name="To">By whom.</param>
    /// <param name="Node">Of whom.</param>
    /// <param name="Weight">0 when it is missed.</param>
    private sealed record News(int Due, View To, Node Node, int Weight);

    internal sealed class Node(PeerId id, int weight, View view)
    {
        public PeerId Id => id;

        /// <summary>How often it was started before.</summary>
        public int Run { get; init; }

        /// <summary>A node that was started again does not know what it did before.</summary>
        public string Searcher => _searcher ??= $"{id}/{Run}";

        public int Weight { get; set; } = weight;

        public View View => view;

        public WorkRanges Ranges { get; set; } = null!;

        public uint? First { get; set; }

        public double Done { get; set; }

        private string? _searcher;
    }

    /// <summary>What the nodes of a side hear after a delay.</summary>
    internal sealed class View(int side, int delay)
    {
        private readonly Dictionary<PeerId, int> _weights = [];
        private SliceMap _map = new();

        public int Side => side;

        public int Delay => delay;

        public bool IsChanged { get; set; }

        public void Begin(SliceMap all, IEnumerable<Node> nodes)
        {
            _map = all.Copy();
            foreach (Node node in nodes)
                _weights[node.Id] = node.Weight;
        }

        public void Set(PeerId member, int weight)
        {
            if (weight == _weights.GetValueOrDefault(member))
                return;
            if (weight == 0)
                _weights.Remove(member);
            else
                _weights[member] = weight;
            _map.Set(member, weight);
            IsChanged = true;
        }

        /// <summary>A node knows of itself before others do.</summary>
        public IReadOnlyDictionary<PeerId, int> WeightsWith(Node node) =>
            _weights.GetValueOrDefault(node.Id) == node.Weight ? _weights : new Dictionary<PeerId, int>(_weights) { [node.Id] = node.Weight };

        public SliceMap MapWithout(PeerId member)
        {
            if (!_weights.ContainsKey(member))
                return _map;
            SliceMap others = _map.Copy();
            others.Set(member, 0);
            return others;
        }
    }
}
