using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub;

/// <summary>
/// Weights of the score (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "The Score Function" and "Overview of New Parameters").
/// Defaults as js-libp2p. P5 to P7 always count; P1 to P4 only in topics named here.
/// </summary>
public sealed record PeerScoreOptions
{
    /// <summary>Topics whose P1 to P4 count.</summary>
    public IReadOnlyDictionary<string, TopicScoreOptions> Topics { get; init; } = new Dictionary<string, TopicScoreOptions>();

    /// <summary>TopicCap: the most that all topics together can add; 0 for no cap.</summary>
    public double TopicCap { get; init; } = 10;

    /// <summary>P5: what the application thinks of a peer; called often, must return at once. Null: 0 for everyone.</summary>
    public Func<PeerId, double>? Application { get; init; }

    /// <summary>w5.</summary>
    public double ApplicationWeight { get; init; } = 10;

    /// <summary>w6, not positive.</summary>
    public double ColocationWeight { get; init; } = -5;

    /// <summary>Peers of one address (of one /64 for IPv6) that are not penalised.</summary>
    public int ColocationThreshold { get; init; } = 10;

    /// <summary>Addresses to which P6 does not apply; loopback unless set.</summary>
    public Func<IPAddress, bool> IsColocationExempt { get; init; } = IPAddress.IsLoopback;

    /// <summary>w7, not positive.</summary>
    public double BehaviourWeight { get; init; } = -10;

    /// <summary>What of the counter of P7 is tolerated before it is squared.</summary>
    public double BehaviourThreshold { get; init; }

    /// <summary>What is left of the counter of P7 after each <see cref="DecayInterval"/>.</summary>
    public double BehaviourDecay { get; init; } = 0.2;

    public TimeSpan DecayInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Counters below this become 0.</summary>
    public double DecayToZero { get; init; } = 0.1;

    /// <summary>How long a score that is not positive outlasts the connection.</summary>
    public TimeSpan Retain { get; init; } = TimeSpan.FromHours(1);

    internal void Validate()
    {
        foreach ((string topic, TopicScoreOptions options) in Topics)
            options.Validate(topic);
        if (TopicCap < 0 || ColocationWeight > 0 || BehaviourWeight > 0 || ColocationThreshold < 1)
            throw new ArgumentException($"{nameof(PeerScoreOptions)}: the cap must not be negative, penalties not positive, the threshold at least 1");
        if (!IsFraction(BehaviourDecay) || !IsFraction(DecayToZero) || DecayInterval <= TimeSpan.Zero)
            throw new ArgumentException($"{nameof(PeerScoreOptions)}: decays must be between 0 and 1, and their interval positive");
    }

    internal static bool IsFraction(double value) => value is > 0 and < 1;
}
