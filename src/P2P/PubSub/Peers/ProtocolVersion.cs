namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>The version agreed on for our stream to a peer; decides what the peer understands.</summary>
internal enum ProtocolVersion
{
    /// <summary>No stream yet: nothing can be sent.</summary>
    None,
    V10,

    /// <summary>Adds back-off and peers to PRUNE.</summary>
    V11,

    /// <summary>Adds IDONTWANT.</summary>
    V12,
}
