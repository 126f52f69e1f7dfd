using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Network;

/// <summary>Tries addresses side by side, each some time after the one before or as soon as that failed; the first success wins (RFC 8305, section 5).</summary>
/// <typeparam name="T">What a success brings.</typeparam>
/// <param name="limits">How many at once, and how long after each other.</param>
/// <param name="time">The clock.</param>
/// <param name="attempt">Tries one address; throws <see cref="IOException"/> if it fails, <see cref="OperationCanceledException"/> when cancelled.</param>
/// <param name="discard">Gets what a loser brought about all the same.</param>
internal sealed class AddressRace<T>(
    ConnectionLimits limits, TimeProvider time, Func<Multiaddr, CancellationToken, Task<T>> attempt, Action<T> discard)
    where T : class
{
    /// <returns>The winner's result, or null with the failures, one per address.</returns>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    internal async Task<(T? Winner, IReadOnlyList<string> Failures)> RunAsync(IReadOnlyList<Multiaddr> addresses, CancellationToken cancellation)
    {
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task<T>> running = [];
        List<string> failures = [];
        try
        {
            int next = 0;
            while (next < addresses.Count || running.Count > 0)
            {
                if (next < addresses.Count && running.Count < limits.MaxParallelAddresses)
                    running.Add(attempt(addresses[next++], race.Token));
                Task<T>? ended = await NextAsync(running, moreToTry: next < addresses.Count, race.Token).ConfigureAwait(false);
                if (ended is null)
                    continue;
                running.Remove(ended);
                if (await ResultOfAsync(ended, failures, cancellation).ConfigureAwait(false) is { } winner)
                    return (winner, failures);
            }
            return (null, failures);
        }
        finally
        {
            await race.CancelAsync().ConfigureAwait(false);
            foreach (Task<T> loser in running)
                _ = DiscardAsync(loser);
        }
    }

    /// <summary>The attempt that ended first, or null if it is time to start the next one.</summary>
    private async Task<Task<T>?> NextAsync(List<Task<T>> running, bool moreToTry, CancellationToken cancellation)
    {
        Task<Task<T>> any = Task.WhenAny(running);
        if (!moreToTry || running.Count >= limits.MaxParallelAddresses)
            return await any.ConfigureAwait(false);
        var stagger = Task.Delay(limits.DialStagger, time, cancellation);
        return await Task.WhenAny(any, stagger).ConfigureAwait(false) == any ? await any.ConfigureAwait(false) : null;
    }

    private static async Task<T?> ResultOfAsync(Task<T> ended, List<string> failures, CancellationToken cancellation)
    {
        try
        {
            return await ended.ConfigureAwait(false);
        }
        catch (IOException e)
        {
            cancellation.ThrowIfCancellationRequested();
            failures.Add(e.Message);
            return null;
        }
    }

    private async Task DiscardAsync(Task<T> loser)
    {
        try
        {
            discard(await loser.ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It lost.
        }
    }
}
