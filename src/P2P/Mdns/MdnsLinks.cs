using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// The links in use, kept in step with the machine's interfaces. One that fails is tried again, at doubling distances. Changed by
/// one caller at a time; read by all.
/// </summary>
internal sealed class MdnsLinks(
    Func<MdnsSurroundings> look,
    Func<MdnsInterface, IMdnsSocket> open,
    Func<MdnsInterface, MdnsSchedule> schedule,
    MdnsReceiver receiver,
    TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    private readonly Dictionary<MdnsInterface, Retry> _retries = [];
    private volatile MdnsLink[] _all = [];
    private volatile MdnsSurroundings _surroundings = new(
        [], new HashSet<IPAddress>(), new Dictionary<MdnsInterface, IReadOnlyList<IPNetwork>>());

    public IReadOnlyList<MdnsLink> All => _all;

    /// <summary>True if <see cref="RefreshAsync"/> has something to do even though no interface changed.</summary>
    public bool NeedsRefresh
    {
        get
        {
            DateTimeOffset now = time.GetUtcNow();
            return _all.Any(link => link.HasEnded) || _retries.Values.Any(retry => retry.IsWaiting && retry.At <= now);
        }
    }

    /// <summary>When the next message is to be sent or the next interface tried again.</summary>
    public DateTimeOffset Next => _all.Select(link => link.Schedule.Next)
        .Concat(_retries.Values.Where(retry => retry.IsWaiting).Select(retry => retry.At))
        .DefaultIfEmpty(DateTimeOffset.MaxValue)
        .Min();

    /// <summary>True if a packet from this address was sent by this machine.</summary>
    public bool IsOwn(IPAddress source) => _surroundings.OwnAddresses.Contains(MdnsSurroundings.WithoutScope(source));

    /// <inheritdoc cref="MdnsSurroundings.IsOnLink"/>
    public bool IsOnLink(MdnsInterface place, IPAddress address) => _surroundings.IsOnLink(place, address);

    /// <summary>Leaves links that failed or whose interface is gone or has another address, and joins the group on the others.</summary>
    public async ValueTask RefreshAsync()
    {
        Look();
        List<MdnsLink> kept = [];
        foreach (MdnsLink link in _all)
        {
            if (!link.HasEnded && _surroundings.Interfaces.Contains(link.Place))
            {
                kept.Add(link);
                continue;
            }
            if (link.HasEnded)
                Failed(link.Place, link.Failure ?? "the socket was closed");
            await link.DisposeAsync().ConfigureAwait(false);
            MdnsLog.Left(logger, link.Place.Name);
        }
        foreach (MdnsInterface place in _surroundings.Interfaces)
        {
            if (kept.TrueForAll(link => link.Place != place) && TryJoin(place) is MdnsLink joined)
                kept.Add(joined);
        }
        foreach (MdnsInterface gone in _retries.Keys.Except(_surroundings.Interfaces).ToList())
            _retries.Remove(gone);
        _all = [.. kept];
    }

    /// <summary>Leaves all links; the next <see cref="RefreshAsync"/> joins them anew at once.</summary>
    public async ValueTask CloseAsync()
    {
        _retries.Clear();
        MdnsLink[] all = _all;
        _all = [];
        foreach (MdnsLink link in all)
            await link.DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private void Look()
    {
        try
        {
            _surroundings = look();
        }
        catch (Exception e) when (e is NetworkInformationException or SocketException or IOException)
        {
            // The system is in the middle of a change: what was there stays until the next look.
            MdnsLog.Failed(logger, "all interfaces", e.Message);
        }
    }

    private MdnsLink? TryJoin(MdnsInterface place)
    {
        if (_retries.TryGetValue(place, out Retry retry) && retry.IsWaiting && retry.At > time.GetUtcNow())
            return null;
        try
        {
            IMdnsSocket socket = open(place);
            MdnsSchedule plan = schedule(place);
            plan.Start();
            if (retry.Pause > TimeSpan.Zero)
                _retries[place] = retry with { IsWaiting = false };
            MdnsLog.Joined(logger, place.Name, place.Address);
            return new MdnsLink(place, socket, plan, receiver, time, logger);
        }
        catch (SocketException e)
        {
            Failed(place, e.Message);
            return null;
        }
    }

    private void Failed(MdnsInterface place, string reason)
    {
        DateTimeOffset now = time.GetUtcNow();
        bool again = _retries.TryGetValue(place, out Retry last) && now - last.At < LastRetry * 2;
        TimeSpan pause = !again ? FirstRetry : last.Pause * 2 < LastRetry ? last.Pause * 2 : LastRetry;
        _retries[place] = new Retry(now + pause, pause, IsWaiting: true);
        if (!again)
            MdnsLog.Failed(logger, place.Name, reason);
    }

    /// <param name="At">When to try, or when it was tried.</param>
    /// <param name="Pause">Before that.</param>
    /// <param name="IsWaiting">False when it was tried and worked.</param>
    private readonly record struct Retry(DateTimeOffset At, TimeSpan Pause, bool IsWaiting);
}
