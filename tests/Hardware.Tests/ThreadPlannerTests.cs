namespace P2PMiner.Hardware.Tests;

public sealed class ThreadPlannerTests
{
    // 3 MiB of L2 as the last level hold one scratchpad of 2 MiB.
    [TestCase("laptop-core2-2gb", "0", "3072 KiB of L2 cache")]
    // 2 x 8 MiB of L3 hold 4 + 4: one thread per core, the L3s in turn.
    [TestCase("ryzen-2700x", "0,4,1,5,2,6,3,7", "16384 KiB of L3 cache in 2")]
    // 2 x 16 MiB hold 8 + 8: all cores first, then their second threads.
    [TestCase("ryzen-3700x", "0,4,1,5,2,6,3,7,8,12,9,13,10,14,11,15", "one per CPU")]
    [TestCase("ryzen-5950x", "0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15,16,24,17,25,18,26,19,27,20,28,21,29,22,30,23,31", "one per CPU")]
    [TestCase("ryzen-5800x3d", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "one per CPU")]
    // 30 MiB hold 15: 8 P-cores, then 7 of 8 E-cores, no second thread.
    [TestCase("intel-12900k", "0,2,4,6,8,10,12,14,16,17,18,19,20,21,22", "30720 KiB of L3 cache in 1")]
    // 25 MiB of L3 would hold 12 per socket, but 256 KiB of L2 hold one per core.
    [TestCase("dual-xeon-e5-2680v2", "0,10,1,11,2,12,3,13,4,14,5,15,6,16,7,17,8,18,9,19", "256 KiB of L2")]
    // 1 MiB of L2 holds none, and still one thread runs.
    [TestCase("raspberry-pi-4", "0", "1024 KiB of L2 cache")]
    [TestCase("vm-2-cores-shared-l3", "0,1", "one per CPU")]
    [TestCase("container-1gib-v2", "0,1", "one per CPU")]
    [TestCase("container-half-cpu-v1", "1", "slows them to 0.5 CPUs")]
    [TestCase("container-half-cpu-v2", "1", "slows them to 0.5 CPUs")]
    public void Plan_OfTopology_PlacesThreads(string name, string cpus, string reason)
    {
        ThreadPlan plan = ThreadPlanner.Plan(TempRoot.Read(name), new ThreadRequest());
        Assert.That(Cpus(plan), Is.EqualTo(cpus));
        Assert.That(plan.Reason, Does.Contain(reason).And.Not.Contain("\n"));
    }

    [TestCase("ryzen-5950x", 4, "0,8,1,9")]
    [TestCase("dual-xeon-e5-2680v2", 3, "0,10,1")]
    [TestCase("intel-12900k", 17, "0,2,4,6,8,10,12,14,16,17,18,19,20,21,22,23,1")]
    [TestCase("laptop-core2-2gb", 2, "0,1")]
    [TestCase("raspberry-pi-4", 4, "0,1,2,3")]
    [TestCase("vm-2-cores-shared-l3", 5, "0,1,0,1,0")]
    [TestCase("container-half-cpu-v2", 2, "1,1")]
    public void Plan_OfCount_KeepsTheOrderBeyondCaches(string name, int count, string cpus) =>
        Assert.That(Cpus(ThreadPlanner.Plan(TempRoot.Read(name), new ThreadRequest(count))), Is.EqualTo(cpus));

    [TestCase(1, "1 thread on 1 core, as asked")]
    [TestCase(2, "2 threads on 2 cores, as asked; the caches hold 1 thread well, so more may be slower")]
    [TestCase(3, "3 threads on 2 cores, as asked; that is more than the 2 CPUs this process may use, so they share and slow each other")]
    [TestCase(0, "0 threads, as asked: nothing is hashed here")]
    public void Plan_OfCount_SaysWhatItCosts(int count, string reason) =>
        Assert.That(ThreadPlanner.Plan(TempRoot.Read("laptop-core2-2gb"), new ThreadRequest(count)).Reason, Is.EqualTo(reason));

    [TestCase(-1)]
    [TestCase(ThreadRequest.MaxCount + 1)]
    public void Plan_OfSenselessCount_IsRefused(int count) =>
        Assert.That(() => ThreadPlanner.Plan(TempRoot.Read("vm-2-cores-shared-l3"), new ThreadRequest(count)),
            Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Plan_OfQuota_RoundsUp()
    {
        HardwareInfo info = TempRoot.Read("ryzen-3700x");
        ThreadPlan plan = ThreadPlanner.Plan(info with { Limits = info.Limits with { CpuQuota = 2.5 } }, new ThreadRequest());
        Assert.That(Cpus(plan), Is.EqualTo("0,4,1"));
        Assert.That(plan.Reason, Does.Contain("the CPU quota of 2.5 CPUs"));
    }

    [TestCase(null, 16)]
    [TestCase(0.1, 1)]
    [TestCase(2.5, 3)]
    [TestCase(1e300, 16)]
    public void QuotaRoundedUp_IsTheMostThatGetOnAtOnce(double? quota, int threads)
    {
        HardwareInfo info = TempRoot.Read("ryzen-3700x");
        Assert.That(ThreadPlanner.MostAtOnce(info with { Limits = info.Limits with { CpuQuota = quota } }), Is.EqualTo(threads));
    }

    [Test]
    public void Plan_OfAffinity_CountsSecondThreadsOfAllowedCoresOnly()
    {
        HardwareInfo info = TempRoot.Read("ryzen-2700x");
        ThreadPlan plan = ThreadPlanner.Plan(info with { AllowedCpus = [2, 8, 9, 10] }, new ThreadRequest());
        Assert.That(Cpus(plan), Is.EqualTo("2,8,9,10"));
    }

    [Test]
    public void Plan_OfUnknownCaches_TakesEveryCpu()
    {
        HardwareInfo info = TempRoot.Read("ryzen-2700x");
        ThreadPlan plan = ThreadPlanner.Plan(info with { Caches = [] }, new ThreadRequest());
        Assert.That(plan.Threads, Has.Count.EqualTo(16));
        Assert.That(plan.Reason, Does.EndWith("; cache sizes are unknown"));
    }

    [Test]
    public void Plan_OfCoresWithoutL3_UsesTheirL2()
    {
        HardwareInfo info = TempRoot.Read("intel-12900k");
        CacheInfo[] caches =
            [.. info.Caches.Select(cache => cache.Level == 3 ? cache with { Cpus = [.. Enumerable.Range(0, 20)] } : cache)];
        ThreadPlan plan = ThreadPlanner.Plan(info with { Caches = caches }, new ThreadRequest());
        Assert.That(plan.Threads.Count(thread => thread.Cpu >= 20), Is.EqualTo(1));
    }

    [TestCaseSource(typeof(Topology), nameof(Topology.Names))]
    public void Plan_OfEveryCount_UsesEachCpuOnceBeforeSharing(string name)
    {
        HardwareInfo info = TempRoot.Read(name);
        string automatic = Cpus(ThreadPlanner.Plan(info, new ThreadRequest()));
        for (int count = 0; count <= info.AllowedCpus.Count + 2; count++)
        {
            ThreadPlan plan = ThreadPlanner.Plan(info, new ThreadRequest(count));
            Assert.That(plan.Threads, Has.Count.EqualTo(count));
            Assert.That(plan.Threads.Select(thread => thread.Cpu), Has.All.Matches<int>(info.AllowedCpus.Contains));
            Assert.That(plan.Threads.Select(thread => thread.Cpu).Distinct().Count(), Is.EqualTo(Math.Min(count, info.AllowedCpus.Count)));
            Assert.That(plan.Threads.Count(thread => info.NumaNodes.First(node => node.Id == thread.NumaNode).Cpus.Contains(thread.Cpu)), Is.EqualTo(count));
            if (count == automatic.Split(',').Length)
                Assert.That(Cpus(plan), Is.EqualTo(automatic));
        }
    }

    private static string Cpus(ThreadPlan plan) => string.Join(',', plan.Threads.Select(thread => thread.Cpu));
}
