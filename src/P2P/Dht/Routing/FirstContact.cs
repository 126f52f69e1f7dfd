using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>Waits for an empty table to get a contact.</summary>
internal static class FirstContact
{
    internal static async Task WaitAsync(RoutingTable table, CancellationToken cancellation)
    {
        TaskCompletionSource changed = NewSignal();
        void OnChanged(PeerId peer, int change) => changed.TrySetResult();
        table.Changed += OnChanged;
        try
        {
            while (table.Count == 0)
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
