namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Weights of the score within one topic (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Topic Parameter Calculation and Decay").
/// Defaults as js-libp2p. Its P3 holds a quiet topic against everyone within seconds: set <see cref="DeliveryWeight"/> and
/// <see cref="FailureWeight"/> to 0 unless the topic has a steady rate.
/// </summary>
public sealed record TopicScoreOptions
{
    /// <summary>What this topic counts for among all topics.</summary>
    public double Weight { get; init; } = 0.5;

    /// <summary>w1 of P1, time in mesh; not negative.</summary>
    public double TimeInMeshWeight { get; init; } = 1;

    /// <summary>Time in the mesh for one point of P1. js-libp2p counts milliseconds.</summary>
    public TimeSpan TimeInMeshQuantum { get; init; } = TimeSpan.FromMilliseconds(1);

    public double TimeInMeshCap { get; init; } = 3600;

    /// <summary>w2 of P2, first message deliveries; not negative.</summary>
    public double FirstDeliveryWeight { get; init; } = 1;

    public double FirstDeliveryDecay { get; init; } = 0.5;

    public double FirstDeliveryCap { get; init; } = 2000;

    /// <summary>w3 of P3, the square of the mesh deliveries that are missing; not positive.</summary>
    public double DeliveryWeight { get; init; } = -1;

    public double DeliveryDecay { get; init; } = 0.5;

    public double DeliveryCap { get; init; } = 100;

    /// <summary>Deliveries that are expected.</summary>
    public double DeliveryThreshold { get; init; } = 20;

    /// <summary>A copy that comes within this after the first was validated counts as delivered too.</summary>
    public TimeSpan DeliveryWindow { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Time in the mesh before P3 begins to count.</summary>
    public TimeSpan DeliveryActivation { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>w3b of P3b, the deficits of P3 at the times of pruning; not positive.</summary>
    public double FailureWeight { get; init; } = -1;

    public double FailureDecay { get; init; } = 0.5;

    /// <summary>w4 of P4, the square of the invalid messages; not positive.</summary>
    public double InvalidWeight { get; init; } = -1;

    public double InvalidDecay { get; init; } = 0.3;

    internal void Validate(string topic)
    {
        if (Weight < 0 || TimeInMeshWeight < 0 || FirstDeliveryWeight < 0)
            throw new ArgumentException($"score of {topic}: the weights of the topic, P1 and P2 must not be negative");
        if (DeliveryWeight > 0 || FailureWeight > 0 || InvalidWeight > 0)
            throw new ArgumentException($"score of {topic}: the weights of P3, P3b and P4 must not be positive");
        double[] decays = [FirstDeliveryDecay, DeliveryDecay, FailureDecay, InvalidDecay];
        if (!decays.All(PeerScoreOptions.IsFraction) || TimeInMeshQuantum <= TimeSpan.Zero)
            throw new ArgumentException($"score of {topic}: decays must be between 0 and 1, and the quantum positive");
        if (DeliveryWeight != 0 && (DeliveryThreshold <= 0 || DeliveryCap < DeliveryThreshold))
            throw new ArgumentException($"score of {topic}: 0 < DeliveryThreshold <= DeliveryCap is needed");
    }
}
