namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>What became of a message of a scored topic.</summary>
internal enum DeliveryStatus
{
    /// <summary>Still being validated.</summary>
    Pending,
    Valid,
    Invalid,
    Ignored,
}
