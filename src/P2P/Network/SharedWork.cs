using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Network;

/// <summary>Work that several callers ask for at the same time is done once; it is cancelled when the last of them has given up.</summary>
internal sealed class SharedWork<TKey, TResult>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Job> _jobs = [];

    internal int Count
    {
        get
        {
            lock (_lock)
                return _jobs.Count;
        }
    }

    /// <param name="key">What the work is about.</param>
    /// <param name="work">Is run if no work for the key is under way; gets the token that ends with the last caller.</param>
    /// <param name="cancellation">Ends this caller's wait.</param>
    internal async Task<TResult> RunAsync(TKey key, Func<CancellationToken, Task<TResult>> work, CancellationToken cancellation)
    {
        Job job = Join(key, work);
        try
        {
            return await job.Result.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Leave(key, job);
        }
    }

    private Job Join(TKey key, Func<CancellationToken, Task<TResult>> work)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(key, out Job? job))
            {
                job = new Job();
                CancellationToken token = job.Cancellation.Token;
                job.Result = Task.Run(() => work(token), CancellationToken.None);
                _jobs[key] = job;
            }
            job.Callers++;
            return job;
        }
    }

    private void Leave(TKey key, Job job)
    {
        lock (_lock)
        {
            job.Callers--;
            // Finished work answers nobody who comes later: the world may have changed.
            if (job.Callers > 0 && !job.Result.IsCompleted)
                return;
            if (_jobs.TryGetValue(key, out Job? current) && current == job)
                _jobs.Remove(key);
            if (job.Callers > 0)
                return;
        }
        if (!job.Result.IsCompleted)
            job.Cancellation.Cancel();
        _ = job.Result.ContinueWith(
            static (done, state) =>
            {
                // Looking at it keeps an error that everybody left behind from counting as lost.
                _ = done.Exception;
                ((CancellationTokenSource)state!).Dispose();
            },
            job.Cancellation,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    [SuppressMessage("Reliability", "CA1001", Justification = "the source is disposed of when the work has ended")]
    private sealed class Job
    {
        internal readonly CancellationTokenSource Cancellation = new();
        internal Task<TResult> Result = null!;
        internal int Callers;
    }
}
