namespace P2PMiner.Interop.Tests.Raw;

/// <summary>Nothing that a test waits for takes longer; a wait that ends by it is a failure.</summary>
internal static class InTime
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(2);

    public static async Task<T> DoAsync<T>(Func<CancellationToken, Task<T>> work, string what)
    {
        using var limit = new CancellationTokenSource(Length);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"not within {Length.TotalSeconds} s: {what}");
        }
    }

    public static Task DoAsync(Func<CancellationToken, Task> work, string what) => DoAsync(
        async token =>
        {
            await work(token);
            return true;
        },
        what);
}
