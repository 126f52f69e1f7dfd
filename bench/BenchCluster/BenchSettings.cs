namespace P2PMiner.BenchCluster;

/// <param name="Only">Figures to measure; all if empty.</param>
/// <param name="Nodes">Of the large cluster.</param>
/// <param name="Hashing">Of these, while the overhead is measured; the others do everything else.</param>
/// <param name="WarmUp">Before the overhead is measured.</param>
/// <param name="Rest">How long the nodes are watched for what they take beside hashing.</param>
/// <param name="Jobs">For how long blocks come.</param>
/// <param name="Pairs">Alternating measurements of hash rates.</param>
/// <param name="Window">Length of one of these.</param>
/// <param name="Starts">Of two fresh nodes, in each mode.</param>
/// <param name="Kills">Of a publisher.</param>
/// <param name="Memory">Modes in which fresh nodes are started; "auto" is without any option.</param>
/// <param name="Output">Where the JSON goes.</param>
internal sealed record BenchSettings(
    string[] Only, int Nodes, int Hashing, TimeSpan WarmUp, TimeSpan Rest, TimeSpan Jobs, int Pairs, TimeSpan Window, int Starts, int Kills, string[] Memory, string Output)
{
    /// <summary>Nodes and daemons need a while until nothing changes any more.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    public bool Wants(string figure) => Only.Length == 0 || Only.Contains(figure);
}
