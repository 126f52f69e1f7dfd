using P2PMiner.Hardware;

namespace P2PMiner.BenchEngine;

/// <summary>Measurements in turn, so that a machine that becomes slower or faster meanwhile favours none of them.</summary>
internal static class Turns
{
    /// <summary>Measures all sides as often as asked, the order reversed from turn to turn, after a turn that does not count.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<double> Values)> Take(
        int turns, IReadOnlyList<(string Name, Func<double> Measure)> sides)
    {
        List<double>[] values = [.. sides.Select(_ => new List<double>())];
        for (int turn = 0; turn <= turns; turn++)
        {
            for (int i = 0; i < sides.Count; i++)
            {
                int side = turn % 2 == 0 ? i : sides.Count - 1 - i;
                double value = sides[side].Measure();
                if (turn > 0)
                    values[side].Add(value);
            }
        }
        return [.. sides.Select((side, i) => (side.Name, (IReadOnlyList<double>)values[i]))];
    }

    /// <summary>Runs work on pinned threads of its own, and gives the processor time of each in seconds.</summary>
    public static double[] OnThreads(int threads, IReadOnlyList<int> cpus, Action<int> work)
    {
        double[] seconds = new double[threads];
        Task[] tasks = [.. Enumerable.Range(0, threads).Select(i => Task.Factory.StartNew(
            () =>
            {
                CurrentThread.TryPin(cpus[i % cpus.Count]);
                TimeSpan start = CurrentThread.ProcessorTime;
                work(i);
                seconds[i] = (CurrentThread.ProcessorTime - start).TotalSeconds;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(tasks);
        return seconds;
    }
}
