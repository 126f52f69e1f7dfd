using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Network;

public sealed class SharedWorkTests
{
    [Test]
    public async Task Work_IsDoneOnceForAllWhoAskMeanwhile()
    {
        SharedWork<string, string> shared = new();
        TaskCompletionSource<string> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int runs = 0;
        Task<string> Work(CancellationToken token)
        {
            Interlocked.Increment(ref runs);
            return result.Task;
        }

        Task<string>[] callers = [.. Enumerable.Range(0, 10).Select(_ => shared.RunAsync("key", Work, CancellationToken.None))];
        result.SetResult("done");

        Assert.That(await Task.WhenAll(callers).InTime(), Is.All.EqualTo("done"));
        Assert.That((runs, shared.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task Work_IsCancelledOnlyWithItsLastCaller()
    {
        SharedWork<string, string> shared = new();
        using CancellationTokenSource first = new();
        using CancellationTokenSource second = new();
        TaskCompletionSource<CancellationToken> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task<string> Work(CancellationToken token)
        {
            started.SetResult(token);
            await Task.Delay(Timeout.Infinite, token);
            return "";
        }
        Task<string> one = shared.RunAsync("key", Work, first.Token);
        Task<string> two = shared.RunAsync("key", Work, second.Token);
        CancellationToken inner = await started.Task.InTime();

        await first.CancelAsync();
        await Assert.ThatAsync(() => one.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(inner.IsCancellationRequested, Is.False);
        await second.CancelAsync();
        await Assert.ThatAsync(() => two.InTime(), Throws.InstanceOf<OperationCanceledException>());

        Assert.That((inner.IsCancellationRequested, shared.Count), Is.EqualTo((true, 0)));
    }

    [Test]
    public async Task Work_ThatFailedIsDoneAgainForTheNext()
    {
        SharedWork<string, string> shared = new();
        await Assert.ThatAsync(
            () => shared.RunAsync("key", static _ => Task.FromException<string>(new IOException("no")), CancellationToken.None),
            Throws.InstanceOf<IOException>());

        Assert.That(await shared.RunAsync("key", static _ => Task.FromResult("yes"), CancellationToken.None).InTime(), Is.EqualTo("yes"));
    }
}
