namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>What waits to be sent, in the order in which it is taken.</summary>
internal enum Lane
{
    Control,

    /// <summary>Messages of our own.</summary>
    Own,

    /// <summary>Messages of others, passed on or asked for.</summary>
    Forwarded,
}
