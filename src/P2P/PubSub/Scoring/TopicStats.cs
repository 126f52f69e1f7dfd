namespace P2PMiner.P2P.PubSub.Scoring;

/// <summary>The counters of one peer in one topic (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Topic Parameter Calculation and Decay").</summary>
internal sealed class TopicStats(TopicScoreOptions options)
{
    private long _grafted;
    private TimeSpan _meshTime;
    private bool _deliveriesCount;

    internal bool InMesh { get; private set; }

    internal double FirstDeliveries { get; private set; }

    internal double MeshDeliveries { get; private set; }

    internal double MeshFailures { get; private set; }

    internal double InvalidMessages { get; private set; }

    /// <summary>The weighted sum of P1 to P4, without the weight of the topic.</summary>
    internal double Score()
    {
        double score = (FirstDeliveries * options.FirstDeliveryWeight)
            + (MeshFailures * options.FailureWeight)
            + (InvalidMessages * InvalidMessages * options.InvalidWeight);
        if (InMesh)
            score += Math.Min(_meshTime / options.TimeInMeshQuantum, options.TimeInMeshCap) * options.TimeInMeshWeight;
        if (_deliveriesCount)
            score += Deficit * Deficit * options.DeliveryWeight;
        return score;
    }

    internal double Weight => options.Weight;

    internal void Graft(long now)
    {
        InMesh = true;
        _grafted = now;
        _meshTime = TimeSpan.Zero;
        _deliveriesCount = false;
    }

    /// <summary>Keeps the deficit of deliveries, so that it is not forgiven by leaving the mesh.</summary>
    internal void Prune()
    {
        if (_deliveriesCount)
            MeshFailures += Deficit * Deficit;
        InMesh = false;
        _deliveriesCount = false;
    }

    internal void Disconnect()
    {
        FirstDeliveries = 0;
        if (InMesh)
            Prune();
    }

    internal void CountFirstDelivery()
    {
        FirstDeliveries = Math.Min(options.FirstDeliveryCap, FirstDeliveries + 1);
        CountMeshDelivery();
    }

    internal void CountMeshDelivery()
    {
        if (InMesh)
            MeshDeliveries = Math.Min(options.DeliveryCap, MeshDeliveries + 1);
    }

    internal void CountInvalid() => InvalidMessages++;

    internal void Decay(TimeProvider time, double toZero)
    {
        FirstDeliveries = Decayed(FirstDeliveries, options.FirstDeliveryDecay, toZero);
        MeshDeliveries = Decayed(MeshDeliveries, options.DeliveryDecay, toZero);
        MeshFailures = Decayed(MeshFailures, options.FailureDecay, toZero);
        InvalidMessages = Decayed(InvalidMessages, options.InvalidDecay, toZero);
        if (!InMesh)
            return;
        _meshTime = time.GetElapsedTime(_grafted);
        _deliveriesCount |= _meshTime > options.DeliveryActivation;
    }

    internal static double Decayed(double value, double factor, double toZero) => value * factor < toZero ? 0 : value * factor;

    private double Deficit => Math.Max(0, options.DeliveryThreshold - MeshDeliveries);
}
