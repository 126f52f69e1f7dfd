namespace P2PMiner.P2P.Dht.Storage;

/// <summary>What we provide and publish, and when it is to be announced again. Safe for concurrent use.</summary>
/// <param name="interval">Between announcements.</param>
/// <param name="time">Clock.</param>
/// <param name="random">Spreads the announcements; taken under a lock.</param>
internal sealed class Publications(TimeSpan interval, TimeProvider time, Random random)
{
    /// <summary>Keys that we announce at most, provided and published together.</summary>
    internal const int MaxKeys = 10_000;

    /// <summary>Announcements come up to this share of the interval early, so that those begun together drift apart.</summary>
    private const double Jitter = 0.05;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(StoreKey Key, bool IsValue), Publication> _entries = [];

    internal int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>Enters what the caller is about to announce, in place of what stood under the key.</summary>
    /// <exception cref="InvalidOperationException">Too many keys.</exception>
    internal Publication Add(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        Publication publication = new(key, value, time.GetUtcNow() + interval);
        lock (_lock)
        {
            if (_entries.Count >= MaxKeys && !_entries.ContainsKey(PlaceOf(publication)))
                throw new InvalidOperationException($"more than {MaxKeys} keys are published");
            _entries[PlaceOf(publication)] = publication;
        }
        return publication;
    }

    /// <returns>False if it was not published.</returns>
    internal bool Remove(ReadOnlyMemory<byte> key, bool isValue)
    {
        lock (_lock)
            return _entries.Remove((new StoreKey(key), isValue));
    }

    /// <summary>Gives up a publication; without effect if it was replaced or withdrawn meanwhile.</summary>
    internal void Drop(Publication publication)
    {
        lock (_lock)
        {
            if (IsCurrent(publication))
                _entries.Remove(PlaceOf(publication));
        }
    }

    /// <summary>True if we are a provider of the key.</summary>
    internal bool Provides(ReadOnlyMemory<byte> key)
    {
        lock (_lock)
            return _entries.ContainsKey((new StoreKey(key), false));
    }

    /// <summary>
    /// What has to be announced now: when its time has come, and also when we know twice as many peers as at the last time, for then the
    /// network has outgrown those that were told.
    /// </summary>
    internal IReadOnlyList<Publication> Due(int tableSize)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            return [.. _entries.Values
                .Where(entry => entry.Due <= now || (entry.TableSize > 0 && tableSize >= 2 * entry.TableSize))
                .OrderBy(entry => entry.Due)];
        }
    }

    /// <summary>Notes the outcome of an announcement; without effect if it was replaced or withdrawn meanwhile.</summary>
    internal void Announced(Publication publication, int receivers, int tableSize)
    {
        lock (_lock)
        {
            if (!IsCurrent(publication))
                return;
            int failures = receivers > 0 ? 0 : publication.Failures + 1;
            _entries[PlaceOf(publication)] = publication with
            {
                Due = time.GetUtcNow() + (failures == 0 ? interval * (1 - Jitter * NextDouble()) : RetryAfter(failures)),
                TableSize = failures == 0 ? Math.Max(tableSize, 1) : 0,
                Failures = failures,
            };
        }
    }

    private bool IsCurrent(Publication publication) =>
        _entries.TryGetValue(PlaceOf(publication), out Publication? current) && ReferenceEquals(current, publication);

    private double NextDouble()
    {
        lock (random)
            return random.NextDouble();
    }

    private static TimeSpan RetryAfter(int failures)
    {
        TimeSpan retry = FirstRetry * Math.Pow(2, Math.Min(failures - 1, 10));
        return retry < LongestRetry ? retry : LongestRetry;
    }

    private static (StoreKey Key, bool IsValue) PlaceOf(Publication publication) =>
        (new StoreKey(publication.Key), publication.Value is not null);
}
