using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs.Ranges;

/// <summary>
/// Nodes with the product's maps and orders of slices. Those that hear of events at the same time share one map: there are two
/// sides that can be parted, and three delays on each.
/// </summary>
internal sealed class RangeSimulation
{
    private static readonly int[] Delays = [0, 1, 3];

    private readonly Random _random;
    private readonly double _speed;
    private readonly View[] _views = [.. Enumerable.Range(0, 2 * Delays.Length).Select(i => new View(i / Delays.Length, Delays[i % Delays.Length]))];
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
        for (int i = 0; i < nodes; i++)
            Start(NewNode(), isKnownToAll: true);
    }

    /// <summary>Nonces, those that were searched again included.</summary>
    public double Searched { get; private set; }

    /// <summary>Nonces that somebody else had searched in the same job, or would.</summary>
    public double Twice { get; private set; }

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
            node.Own.Restart();
            node.Slice = null;
        }
    }

    public void SetParted(bool isParted) => _isParted = isParted;

    public void EndOne()
    {
        Node node = _alive[_random.Next(_alive.Count)];
        _alive.Remove(node);
        node.View.Nodes.Remove(node.Id);
        _ended.Enqueue(node);
    }

    /// <summary>A machine that was never there, or one that ended and forgot what it searched.</summary>
    public void StartOne(bool isNew) => Start(
        !isNew && _ended.TryDequeue(out Node? former) ? new Node(former.Id, former.Weight, former.View) { Run = former.Run + 1 } : NewNode(),
        isKnownToAll: false);

    /// <summary>Another program takes half of a machine, or ends.</summary>
    public void ChangeOne()
    {
        Node node = _alive[_random.Next(_alive.Count)];
        node.Weight = Math.Max(1, _random.Next(2) == 0 ? node.Weight / 2 : node.Weight * 2);
        Tell(node);
    }

    public void Step()
    {
        Hear();
        foreach (Node node in _alive)
            Search(node, node.Weight * _speed);
        _now++;
    }

    private Node NewNode()
    {
        // Most have 0.5 to 4 kH/s.
        double rate = Math.Exp(7.4 + 1.4 * (_random.NextDouble() + _random.NextDouble() + _random.NextDouble() - 1.5));
        return new Node(SliceMapTests.Member(_made++), Math.Max(1, (int)rate), _views[_random.Next(_views.Length)]);
    }

    private void Start(Node node, bool isKnownToAll)
    {
        _alive.Add(node);

        // A node that starts hears of the others first and counts itself in last.
        node.View.Nodes[node.Id] = node;
        node.View.Map.Set(node.Id, 0);
        Apply(node.View, node.View.Map.Set(node.Id, node.Weight));
        if (!isKnownToAll)
        {
            Tell(node);
            return;
        }
        foreach (View view in _views.Where(view => view != node.View))
            Apply(view, view.Map.Set(node.Id, node.Weight));
    }

    private void Tell(Node node) =>
        _news.AddRange(_views.Select(view => new News(_now + view.Delay, view, node.View.Side, node.Id, node.Weight)));

    private void Hear()
    {
        News[] due = [.. _news.Where(news => news.Due <= _now && !(_isParted && news.To.Side != news.FromSide))];
        foreach (News news in due)
        {
            _news.Remove(news);
            Apply(news.To, news.To.Map.Set(news.Member, news.Weight));
        }
    }

    private static void Apply(View view, IReadOnlyList<SliceMove> moves)
    {
        foreach (SliceMove move in moves)
        {
            if (move.To is not null && view.Nodes.TryGetValue(move.To, out Node? gainer))
                gainer.Own.Add(move.Slice, view.Map.ScoreOf(move.Slice), move.From is null ? null : move.FormerScore);
            if (move.From is not null && view.Nodes.TryGetValue(move.From, out Node? loser))
                loser.Own.Remove(move.Slice);
        }
    }

    private void Search(Node node, double nonces)
    {
        while (nonces > 0)
        {
            if (node.Slice is not int slice || !node.Own.Contains(slice) || node.Done >= SliceMap.SliceSize)
            {
                if (!node.Own.TryTake(out slice))
                    return;
                (node.Slice, node.Done) = (slice, 0);
            }
            double part = Math.Min(nonces, SliceMap.SliceSize - node.Done);
            node.Done += part;
            nonces -= part;
            if (!_searched.TryGetValue(slice, out Dictionary<string, double>? by))
                _searched[slice] = by = [];
            by[node.Searcher] = by.GetValueOrDefault(node.Searcher) + part;
        }
    }

    private sealed record News(int Due, View To, int FromSide, PeerId Member, int Weight);

    private sealed class Node(PeerId id, int weight, View view)
    {
        public PeerId Id => id;

        /// <summary>How often it was started before.</summary>
        public int Run { get; init; }

        /// <summary>A node that was started again does not know what it did before.</summary>
        public string Searcher => _searcher ??= $"{id}/{Run}";

        public int Weight { get; set; } = weight;

        public View View => view;

        public OwnSlices Own { get; } = new();

        public int? Slice { get; set; }

        public double Done { get; set; }

        private string? _searcher;
    }

    private sealed class View(int side, int delay)
    {
        public int Side => side;

        public int Delay => delay;

        public SliceMap Map { get; } = new();

        public Dictionary<PeerId, Node> Nodes { get; } = [];
    }
}
