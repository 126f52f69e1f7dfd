namespace P2PMiner.P2P.Network;

/// <summary>Tasks that run by themselves: none of them is lost, and the end of all can be awaited.</summary>
/// <param name="failed">Gets what a task threw, cancellation aside.</param>
internal sealed class TaskTracker(Action<Exception> failed)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _idle;
    private int _running;

    internal int Running => Volatile.Read(ref _running);

    /// <summary>Starts the task on the thread pool.</summary>
    internal void Run(Func<Task> work)
    {
        lock (_lock)
            _running++;
        _ = Task.Run(() => RunAsync(work));
    }

    /// <summary>Done when no task runs.</summary>
    internal Task WhenIdle()
    {
        lock (_lock)
        {
            if (_running == 0)
                return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private async Task RunAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Ends of this kind are asked for by whoever holds the token.
        }
#pragma warning disable CA1031 // Nobody awaits these tasks: what they throw is handed on, never lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed(e);
        }
        finally
        {
            Finished();
        }
    }

    private void Finished()
    {
        TaskCompletionSource? idle = null;
        lock (_lock)
        {
            if (--_running == 0)
                (idle, _idle) = (_idle, null);
        }
        idle?.SetResult();
    }
}
