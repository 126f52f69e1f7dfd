using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>
/// Nodes with a share chain each, whose hash rates, clocks, networks and checking speed are made up: production trees, seeded
/// chance, simulated time.
/// </summary>
internal sealed class SimulatedCluster
{
    private const double Step = 0.05;

    private readonly Random _random;
    private readonly Node[] _nodes;
    private readonly PriorityQueue<Letter, double> _mail = new();
    private double _now = 1000;

    public SimulatedCluster(int nodes, int seed, double hashRate)
    {
        _random = new Random(seed);
        _nodes = [.. Enumerable.Range(0, nodes).Select(i => new Node(new MinerId([(byte)(i + 1)])) { HashRate = hashRate })];
        foreach (Node node in _nodes)
            node.Tree.TipChanged += () => node.Template = null;
    }

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Every share that was found, with the second it was.</summary>
    public List<(double Time, Share Share)> Found { get; } = [];

    /// <summary>Seconds from a share's finder to each of the others, at most.</summary>
    public double Latency { get; init; } = 0.1;

    /// <summary>Seconds that a check of proof of work takes; one at a time.</summary>
    public double CheckSeconds { get; init; }

    public void Run(double seconds)
    {
        for (double end = _now + seconds; _now < end; _now += Step)
        {
            foreach (Node node in _nodes)
                Mine(node);
            while (_mail.TryPeek(out Letter? letter, out double due) && due <= _now)
            {
                _mail.Dequeue();
                Deliver(letter, due);
            }
        }
    }

    /// <summary>Cuts the nodes into groups; what was on its way between them is lost.</summary>
    public void Part(Func<int, int> groupOf)
    {
        for (int i = 0; i < _nodes.Length; i++)
            _nodes[i].Group = groupOf(i);
    }

    /// <summary>One network again; all have caught up with all, and what was on its way has come.</summary>
    public void Heal()
    {
        Part(_ => 0);
        foreach (Letter letter in _mail.UnorderedItems.Select(item => item.Element))
            Take(_nodes[letter.To], letter.Share);
        _mail.Clear();
        for (int round = 0; round < 2; round++)
        {
            foreach (Node to in _nodes)
            {
                foreach (Node from in _nodes.Where(from => from != to))
                    CatchUp(to, from);
            }
        }
    }

    private void Mine(Node node)
    {
        if (_now >= node.NextJob || node.Template is null)
        {
            ShareTemplate template = node.Tree.NextTemplate(node.Miner, Clock(node));
            node.Template = template;
            node.NextJob = _now + 5;
        }
        if (_random.NextDouble() >= node.HashRate * Step / (double)node.Template.Header.Difficulty)
            return;
        Share share = node.Template.ToShare((ulong)Found.Count, 0);
        node.Tree.AddVerified(share, Clock(node));
        Found.Add((_now, share));
        for (int to = 0; to < _nodes.Length; to++)
        {
            if (_nodes[to] != node && _nodes[to].Group == node.Group)
                _mail.Enqueue(new Letter(share, to, IsChecked: false), _now + Latency * _random.NextDouble());
        }
    }

    private void Deliver(Letter letter, double due)
    {
        Node node = _nodes[letter.To];
        if (_nodes[letter.Share.Header.Miner.Span[0] - 1].Group != node.Group)
            return;
        if (letter.IsChecked)
        {
            Take(node, letter.Share);
            return;
        }
        node.BusyUntil = Math.Max(due, node.BusyUntil) + CheckSeconds;
        _mail.Enqueue(letter with { IsChecked = true }, node.BusyUntil);
    }

    private void Take(Node node, Share share)
    {
        if (node.Tree.AddVerified(share, Clock(node)).Status is AddStatus.UnknownParent or AddStatus.UnknownUncle)
            CatchUp(node, _nodes[share.Header.Miner.Span[0] - 1]);
    }

    private void CatchUp(Node to, Node from)
    {
        foreach (Link link in from.Tree.Export().Skip(1))
            to.Tree.AddVerified(link.Share, Clock(to), isNew: false);
    }

    private ulong Clock(Node node) => (ulong)((long)Genesis.Timestamp + (long)_now + node.ClockError);

    internal sealed class Node(MinerId miner)
    {
        public MinerId Miner { get; } = miner;

        public ShareTree Tree { get; } = TestChain.NewTree();

        public double HashRate { get; set; }

        /// <summary>Seconds that its clock is ahead.</summary>
        public long ClockError { get; set; }

        public int Group { get; set; }

        public ShareTemplate? Template { get; set; }

        public double NextJob { get; set; }

        public double BusyUntil { get; set; }
    }

    private sealed record Letter(Share Share, int To, bool IsChecked);
}
