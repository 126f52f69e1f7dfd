using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>What the router gets from outside: identity, time, chance, and ways to reach the world.</summary>
/// <param name="Self">Who we are.</param>
/// <param name="Options">Validated.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">Used under the router's lock only.</param>
/// <param name="Logger">Where to log.</param>
/// <param name="Connect">Connects to a peer in the background, after taking note of its addresses; must return at once.</param>
/// <param name="Fail">Told of what must not happen.</param>
/// <param name="Stopping">Cancelled when the service stops.</param>
internal sealed record RouterContext(
    PeerId Self,
    PubSubOptions Options,
    TimeProvider Time,
    Random Random,
    ILogger Logger,
    Action<PeerId, IReadOnlyList<Multiaddr>> Connect,
    Action<Exception> Fail,
    CancellationToken Stopping);
