namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Nothing that a test waits for takes longer; a wait that ends by it is a failure.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    public static async Task<T> ForAsync<T>(Func<CancellationToken, Task<T>> work, string what)
    {
        using var limit = new CancellationTokenSource(Length);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new AssertionException($"not within {Length.TotalSeconds} s: {what}");
        }
    }

    public static Task ForAsync(Func<CancellationToken, Task> work, string what) => ForAsync(
        async token =>
        {
            await work(token);
            return true;
        },
        what);
}
