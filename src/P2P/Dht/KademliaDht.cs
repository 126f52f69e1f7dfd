using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Dht;

/// <summary>
/// The Kademlia DHT of a host (libp2p/specs, kad-dht/README.md): finds peers, announces and finds providers, stores and fetches values.
/// All members are safe for concurrent use. A query never fails because of others: it gives what it found, and says what went wrong.
/// </summary>
public sealed class KademliaDht : IAsyncDisposable
{
    private const int ProviderStreamCapacity = 4096;

    private readonly DhtLifetime _lifetime;

    /// <summary>A DHT that is off; <see cref="StartAsync"/> turns it on.</summary>
    /// <param name="network">The host's network.</param>
    /// <param name="options">Settings.</param>
    /// <param name="logger">For lines that an operator should see; null = none.</param>
    /// <param name="announced">Where others may dial us, asked anew each time; null = the addresses listened on.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public KademliaDht(INetwork network, DhtOptions options, ILogger? logger = null, Func<IEnumerable<Multiaddr>>? announced = null)
        : this(network, options, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)), logger, announced)
    {
    }

    internal KademliaDht(
        INetwork network, DhtOptions options, Random random, ILogger? logger, Func<IEnumerable<Multiaddr>>? announced = null)
    {
        options.Validate();
        Options = options;
        announced ??= () => network.ListenAddresses;
        _lifetime = new DhtLifetime(network, options, announced, random, logger ?? NullLogger.Instance);
    }

    /// <summary>A part of the upkeep failed, which is a defect: the table is no longer kept. Turn it off and on again.</summary>
    public event Action<Exception>? Failed
    {
        add => _lifetime.Failed += value;
        remove => _lifetime.Failed -= value;
    }

    /// <summary>The options it was made with.</summary>
    public DhtOptions Options { get; }

    /// <summary>What part it takes now.</summary>
    public DhtMode Mode => _lifetime.Mode;

    /// <summary>The peers in the routing table, those of the shortest common prefix with us first; empty while it is off.</summary>
    public IReadOnlyList<PeerId> RoutingTable =>
        [.. (_lifetime.Node?.Table.Snapshot() ?? []).Select(contact => contact.Peer)];

    /// <summary>Values of others and ourselves that are kept here.</summary>
    public int StoredRecords => _lifetime.Node?.Records.Count ?? 0;

    /// <summary>Announcements of providers that are kept here.</summary>
    public int StoredProviders => (int)(_lifetime.Node?.Providers.Count ?? 0);

    /// <summary>Turns it on in the mode of the options.</summary>
    public ValueTask StartAsync() => SetModeAsync(Options.Mode);

    /// <summary>
    /// Changes the mode. Others learn of it by identify push and add or drop us; turned off, the routing table and all that was stored and
    /// announced is forgotten (the saved table is not).
    /// </summary>
    public ValueTask SetModeAsync(DhtMode mode) => _lifetime.SetModeAsync(mode);

    /// <summary>Looks for a peer's addresses.</summary>
    /// <param name="peer">Whom to find.</param>
    /// <param name="useCache">False: asks the network even when addresses are known.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends the search; it gives what it has.</param>
    /// <exception cref="InvalidOperationException">The DHT is off.</exception>
    public Task<FindPeerResult> FindPeerAsync(
        PeerId peer, bool useCache = true, DhtQueryOptions? how = null, CancellationToken cancellation = default) =>
        Node.Peers.FindAsync(peer, useCache, how, cancellation);

    /// <summary>Looks for the peers closest to a key.</summary>
    /// <param name="key">1 to 512 bytes: a peer id's, a record's key, or any others.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends the search; it gives what it has.</param>
    /// <exception cref="InvalidOperationException">The DHT is off.</exception>
    /// <exception cref="ArgumentException">The key is too short or too long.</exception>
    public Task<ClosestPeersResult> GetClosestPeersAsync(
        ReadOnlyMemory<byte> key, DhtQueryOptions? how = null, CancellationToken cancellation = default) =>
        Node.Peers.GetClosestAsync(CheckedKey(key), how, cancellation);

    /// <summary>
    /// Announces that we provide something, to the k peers closest to it, and again at intervals until <see cref="StopProviding"/>.
    /// </summary>
    /// <param name="key">At most 80 bytes; js-libp2p understands only SHA-256.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends this announcement, not the later ones.</param>
    /// <exception cref="InvalidOperationException">The DHT is off, the host listens on no usable address, or too many keys are published.</exception>
    /// <exception cref="ArgumentException">The key is too long.</exception>
    public async Task<ProvideResult> ProvideAsync(Multihash key, DhtQueryOptions? how = null, CancellationToken cancellation = default)
    {
        byte[] wireKey = Checked(key);
        DhtNode node = Node;
        if (_lifetime.Messages is not { LocalAddresses.Count: > 0 })
            throw new InvalidOperationException("the host listens on no address that could be announced");
        Publication publication = node.Publications.Add(wireKey, null);
        ProvideResult result = await node.ProviderQueries.AnnounceAsync(wireKey, how, cancellation).ConfigureAwait(false);
        node.Publications.Announced(publication, result.SentTo.Count, node.Table.Count);
        return result;
    }

    /// <summary>Announces no more; others forget us within <see cref="DhtOptions.ProviderLifetime"/>.</summary>
    /// <returns>False if we did not provide it.</returns>
    public bool StopProviding(Multihash key) => _lifetime.Node?.Publications.Remove(key.Bytes.ToArray(), isValue: false) ?? false;

    /// <summary>Looks for the providers of a key, ourselves among them.</summary>
    /// <param name="key">At most 80 bytes.</param>
    /// <param name="count">Enough when so many are found; null: as many as there are.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends the search; it gives what it has.</param>
    /// <exception cref="InvalidOperationException">The DHT is off.</exception>
    /// <exception cref="ArgumentException">The key is too long.</exception>
    public Task<FindProvidersResult> FindProvidersAsync(
        Multihash key, int? count = null, DhtQueryOptions? how = null, CancellationToken cancellation = default) =>
        Node.ProviderQueries.FindAsync(Checked(key), count, how, cancellation);

    /// <summary>As <see cref="FindProvidersAsync"/>, but gives each provider as soon as it is found; leaving the loop ends the search.</summary>
    public async IAsyncEnumerable<DhtPeer> StreamProvidersAsync(
        Multihash key, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<DhtPeer> found = Channel.CreateBounded<DhtPeer>(ProviderStreamCapacity);
        DhtQueryOptions how = new()
        {
            Progress = step =>
            {
                foreach (DhtPeer provider in step.Step == DhtStep.Provider ? step.Providers : [])
                    found.Writer.TryWrite(provider);
            },
        };
        Task search = FindProvidersAsync(key, ProviderStreamCapacity, how, left.Token)
            .ContinueWith(done => found.Writer.Complete(done.Exception), TaskScheduler.Default);
        try
        {
            await foreach (DhtPeer provider in found.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                yield return provider;
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
            await search.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Stores a value at the k peers closest to its key, keeps a copy, and repeats that at intervals until <see cref="StopPublishing"/> or
    /// until somebody publishes a better one.
    /// </summary>
    /// <param name="key">"/namespace/rest" of a namespace in <see cref="DhtOptions.Validators"/>, at most 512 bytes.</param>
    /// <param name="value">A value that is valid under it, at most 32 KiB.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends this storing, not the later ones.</param>
    /// <exception cref="InvalidOperationException">The DHT is off, or too many keys are published.</exception>
    /// <exception cref="ArgumentException">No validator takes key and value; nothing was stored.</exception>
    public async Task<PutValueResult> PutValueAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, DhtQueryOptions? how = null, CancellationToken cancellation = default)
    {
        DhtNode node = Node;
        PutValueResult result = await node.Values.PutAsync(key, value, how, cancellation).ConfigureAwait(false);
        node.Publications.Announced(node.Publications.Add(key, value), result.StoredAt.Count, node.Table.Count);
        return result;
    }

    /// <summary>Repeats a value no more; it is forgotten within <see cref="DhtOptions.RecordLifetime"/>.</summary>
    /// <returns>False if we did not publish it.</returns>
    public bool StopPublishing(ReadOnlyMemory<byte> key) => _lifetime.Node?.Publications.Remove(key, isValue: true) ?? false;

    /// <summary>Asks the network for the best value of a key; a local copy is one candidate.</summary>
    /// <param name="key">"/namespace/rest".</param>
    /// <param name="quorum">Enough when so many peers gave a valid value; null: asks until the lookup ends.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends the search; it gives what it has.</param>
    /// <exception cref="InvalidOperationException">The DHT is off.</exception>
    /// <exception cref="ArgumentException">The key is of no known namespace.</exception>
    public Task<GetValueResult> GetValueAsync(
        ReadOnlyMemory<byte> key, int? quorum = null, DhtQueryOptions? how = null, CancellationToken cancellation = default) =>
        Node.Values.GetAsync(key, quorum, how, cancellation);

    public async ValueTask DisposeAsync()
    {
        await SetModeAsync(DhtMode.Off).ConfigureAwait(false);
        _lifetime.Dispose();
    }

    /// <summary>For tests: the parts of it.</summary>
    internal DhtLifetime Lifetime => _lifetime;

    private DhtNode Node => _lifetime.Node ?? throw new InvalidOperationException("the DHT is off");

    private static ReadOnlyMemory<byte> CheckedKey(ReadOnlyMemory<byte> key) => key.Length is > 0 and <= WireLimits.MaxKeySize
        ? key
        : throw new ArgumentException($"a key has 1 to {WireLimits.MaxKeySize} bytes, not {key.Length}", nameof(key));

    private static byte[] Checked(Multihash key) => key.Bytes.Length <= WireLimits.MaxProviderKeySize
        ? key.Bytes.ToArray()
        : throw new ArgumentException($"a provider key has at most {WireLimits.MaxProviderKeySize} bytes", nameof(key));
}
