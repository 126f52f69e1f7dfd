namespace P2PMiner.Node.Sources.Monero;

/// <summary>How the <c>daemon</c> source behaves.</summary>
internal sealed record DaemonSourceOptions
{
    /// <summary>The address that blocks pay to; one that <see cref="MoneroAddress.CanReceiveRewards"/>.</summary>
    public required MoneroAddress Wallet { get; init; }

    /// <summary>The daemons' <c>--zmq-pub</c> addresses, beside the conventional ones that are tried in any case.</summary>
    public IReadOnlyList<string> ZmqAddresses { get; init; } = [];

    /// <summary>Between two looks at the daemon that is mined with; below 1 s, or new blocks are noticed late.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>The same while its ZMQ announces blocks, and for the daemons that stand by.</summary>
    public TimeSpan QuietPollInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The age at which a template is replaced although no block came, for new transactions and the time.</summary>
    public TimeSpan TemplateLifetime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Good polls in a row before an earlier daemon of the list is returned to, so that one that comes and goes does not
    /// make the miners follow.
    /// </summary>
    public int GoodPollsToReturn { get; init; } = 3;
}
