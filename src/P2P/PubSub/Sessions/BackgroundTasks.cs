using System.Collections.Concurrent;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>Tasks that nobody awaits until the end: a failure of one is reported, and stopping waits for all.</summary>
internal sealed class BackgroundTasks(Action<Exception> fail)
{
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private long _started;

    internal int Count => _running.Count;

    /// <param name="work">Handles what it expects to go wrong.</param>
    internal void Run(Func<Task> work)
    {
        long number = Interlocked.Increment(ref _started);
        TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[number] = RunAsync(number, work, entered.Task);
        entered.SetResult();
    }

    internal Task WhenAll() => Task.WhenAll(_running.Values);

    private async Task RunAsync(long number, Func<Task> work, Task entered)
    {
        await entered.ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            fail(e);
        }
        finally
        {
            _running.TryRemove(number, out _);
        }
    }
}
