namespace P2PMiner.Hardware;

/// <summary>Hands out a machine's allowed CPUs one by one, best first, and keeps account of the caches they take.</summary>
internal sealed class CpuPicker
{
    private const int L3 = 3;
    private const int L2 = 2;

    private readonly List<Candidate> _left;
    private readonly Dictionary<int, int> _threadsOfNode = [];

    public CpuPicker(HardwareInfo hardware)
    {
        Dictionary<int, Share> l3 = Shares(hardware, L3, ThreadPlanner.L3BytesPerThread);
        Dictionary<int, Share> l2AsLast = Shares(hardware, L2, ThreadPlanner.L3BytesPerThread);
        Dictionary<int, Share> l2 = Shares(hardware, L2, ThreadPlanner.L2BytesPerThread);
        HashSet<int> allowed = [.. hardware.AllowedCpus];
        Dictionary<int, int> usedOfCore = [];
        _left = [];
        foreach (LogicalCpu cpu in hardware.LogicalCpus.Where(cpu => allowed.Contains(cpu.Id)))
        {
            usedOfCore.TryGetValue(cpu.Core, out int sibling);
            usedOfCore[cpu.Core] = sibling + 1;
            Share? last = l3.GetValueOrDefault(cpu.Id) ?? l2AsLast.GetValueOrDefault(cpu.Id);
            _left.Add(new Candidate(cpu, sibling, last, l3.ContainsKey(cpu.Id) ? l2.GetValueOrDefault(cpu.Id) : null));
            _threadsOfNode.TryAdd(cpu.NumaNode, 0);
        }
        Share[] lastLevels = [.. _left.Select(candidate => candidate.Last).OfType<Share>().Distinct()];
        long bytes = lastLevels.Sum(share => share.Bytes);
        string level = l3.Count > 0 ? "L3" : "L2";
        CacheLimit = $"{bytes >> 10} KiB of {level} cache in {lastLevels.Length}, 2048 KiB of it and 256 KiB of L2 for each thread";
    }

    /// <summary>What the caches allow, in words.</summary>
    public string CacheLimit { get; }

    /// <summary>At most <paramref name="count"/> CPUs, ended when no cache has room for another thread.</summary>
    public List<LogicalCpu> PickWithinCaches(int count) => Pick(count, candidate => candidate.Last is null or { Free: > 0 } && candidate.L2 is null or { Free: > 0 });

    /// <summary>At most <paramref name="count"/> more CPUs, whatever the caches hold.</summary>
    public List<LogicalCpu> PickBeyondCaches(int count) => Pick(count, _ => true);

    private List<LogicalCpu> Pick(int count, Func<Candidate, bool> fits)
    {
        List<LogicalCpu> picked = [];
        while (picked.Count < count && _left.Where(fits).MinBy(Rank) is { } best)
        {
            _left.Remove(best);
            _threadsOfNode[best.Cpu.NumaNode]++;
            best.Last?.Take();
            best.L2?.Take();
            picked.Add(best.Cpu);
        }
        return picked;
    }

    private (int, CoreKind, int, int, int) Rank(Candidate candidate) =>
        (candidate.Sibling, candidate.Cpu.Kind, _threadsOfNode[candidate.Cpu.NumaNode], candidate.Last?.Taken ?? 0, candidate.Cpu.Id);

    /// <summary>The cache of a level that each CPU uses.</summary>
    private static Dictionary<int, Share> Shares(HardwareInfo hardware, int level, long bytesPerThread)
    {
        Dictionary<int, Share> shares = [];
        foreach (CacheInfo cache in hardware.Caches.Where(cache => cache.Level == level && cache.Type != CacheType.Instruction))
        {
            Share share = new(cache.Bytes, Math.Max(1, cache.Bytes / bytesPerThread));
            foreach (int cpu in cache.Cpus)
                shares.TryAdd(cpu, share);
        }
        return shares;
    }

    /// <summary>An allowed CPU; <paramref name="Sibling"/> counts the allowed CPUs of its core before it.</summary>
    private sealed record Candidate(LogicalCpu Cpu, int Sibling, Share? Last, Share? L2);

    private sealed class Share(long bytes, long slots)
    {
        public long Bytes => bytes;

        public int Taken { get; private set; }

        public long Free => slots - Taken;

        public void Take() => Taken++;
    }
}
