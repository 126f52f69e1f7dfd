using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>Waits for a table to have its first contact, or to lose its last.</summary>
internal static class TableWatch
{
    internal static Task UntilOccupiedAsync(RoutingTable table, CancellationToken cancellation) =>
        UntilAsync(table, static count => count > 0, cancellation);

    /// <summary>Waits for a first contact, but only so long.</summary>
    /// <returns>False if there is none by then.</returns>
    internal static async Task<bool> HasContactAsync(RoutingTable table, TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        if (table.Count > 0)
            return true;
        using CancellationTokenSource timer = new(wait, time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        try
        {
            await UntilOccupiedAsync(table, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    internal static Task UntilEmptyAsync(RoutingTable table, CancellationToken cancellation) =>
        UntilAsync(table, static count => count == 0, cancellation);

    private static async Task UntilAsync(RoutingTable table, Func<int, bool> condition, CancellationToken cancellation)
    {
        TaskCompletionSource changed = NewSignal();
        void OnChanged(PeerId peer, int change) => changed.TrySetResult();
        table.Changed += OnChanged;
        try
        {
            while (!condition(table.Count))
            {
                await changed.Task.WaitAsync(cancellation).ConfigureAwait(false);
                changed = NewSignal();
            }
        }
        finally
        {
            table.Changed -= OnChanged;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
