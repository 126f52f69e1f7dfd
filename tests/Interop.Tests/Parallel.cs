// Most of these tests' time is spent waiting for heartbeats and processes, so that two fixtures do not disturb each other.
[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(2)]
