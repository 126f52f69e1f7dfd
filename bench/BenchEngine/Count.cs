namespace P2PMiner.BenchEngine;

internal static class Count
{
    public static string Of(int threads) => threads == 1 ? "1 thread" : $"{threads} threads";
}
