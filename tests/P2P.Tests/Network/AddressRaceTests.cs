using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Network;

public sealed class AddressRaceTests
{
    private static readonly ConnectionLimits Limits = new() { MaxParallelAddresses = 3 };
    private static readonly Multiaddr[] Addresses =
        [.. Enumerable.Range(1, 5).Select(number => Multiaddr.Parse($"/ip4/10.0.0.{number}/tcp/1"))];

    private readonly ManualTime _time = new();
    private readonly List<string> _discarded = [];

    [Test]
    public async Task Race_StartsOneAddressAfterTheOther()
    {
        List<double> starts = [];
        DateTimeOffset begin = _time.GetUtcNow();
        TaskCompletionSource<string> third = new();
        AddressRace<string> race = NewRace((address, token) =>
        {
            starts.Add((_time.GetUtcNow() - begin).TotalMilliseconds);
            return starts.Count == 3 ? third.Task : Never(token);
        });

        Task<(string? Winner, IReadOnlyList<string> Failures)> result = race.RunAsync(Addresses, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(10), () => starts.Count == 3, "third attempt");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        third.SetResult("won");

        Assert.That((await result.InTime()).Winner, Is.EqualTo("won"));
        Assert.That(starts, Is.EqualTo(new[] { 0.0, 250, 500 }), "no more than three at once");
    }

    [Test]
    public async Task Race_TriesTheNextAddressAtOnceWhenOneFails()
    {
        List<Multiaddr> tried = [];
        AddressRace<string> race = NewRace((address, _) =>
        {
            tried.Add(address);
            return address.Equals(Addresses[4]) ? Task.FromResult("won") : Task.FromException<string>(new IOException($"{address} refused"));
        });

        (string? winner, IReadOnlyList<string> failures) = await race.RunAsync(Addresses, CancellationToken.None).InTime();

        Assert.That(winner, Is.EqualTo("won"));
        Assert.That(tried, Is.EqualTo(Addresses));
        Assert.That(failures, Has.Count.EqualTo(4));
    }

    [Test]
    public async Task Race_TellsWhyEachAddressFailed()
    {
        AddressRace<string> race = NewRace((address, _) => Task.FromException<string>(new IOException($"{address} refused")));

        (string? winner, IReadOnlyList<string> failures) = await race.RunAsync(Addresses, CancellationToken.None).InTime();

        Assert.That(winner, Is.Null);
        Assert.That(failures, Is.EqualTo(Addresses.Select(address => $"{address} refused")));
    }

    [Test]
    public async Task Race_CancelsLosersAndDiscardsWhatTheyBringAllTheSame()
    {
        TaskCompletionSource<string> stubborn = new();
        AddressRace<string> race = NewRace((address, token) => address.Equals(Addresses[0]) ? stubborn.Task
            : address.Equals(Addresses[1]) ? Never(token) : Task.FromResult("won"));

        Task<(string? Winner, IReadOnlyList<string> Failures)> result = race.RunAsync(Addresses, CancellationToken.None);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(50), () => result.IsCompleted, "winner");
        stubborn.SetResult("late");

        Assert.That((await result).Winner, Is.EqualTo("won"));
        await Wait.UntilAsync(() => _discarded.Count == 1, "discarded loser");
        Assert.That(_discarded, Is.EqualTo(new[] { "late" }));
    }

    [Test]
    public async Task Race_EndsWithItsCaller()
    {
        using CancellationTokenSource caller = new();
        AddressRace<string> race = NewRace((_, token) => Never(token));
        Task<(string? Winner, IReadOnlyList<string> Failures)> result = race.RunAsync(Addresses, caller.Token);
        await caller.CancelAsync();

        await Assert.ThatAsync(() => result.InTime(), Throws.InstanceOf<OperationCanceledException>());
    }

    private AddressRace<string> NewRace(Func<Multiaddr, CancellationToken, Task<string>> attempt) =>
        new(Limits, _time, attempt, _discarded.Add);

    private static async Task<string> Never(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        return "";
    }
}
