namespace P2PMiner.Hardware.Tests;

public sealed class MemoryPlannerTests
{
    private const long MiB = 1 << 20;

    /// <summary>The caches of two keys.</summary>
    private const double Caches = 2 * 256;

    /// <summary>What must be left.</summary>
    private const double Reserve = 256;

    /// <summary>A scratchpad of 2 MiB and code.</summary>
    private const double Lane = 2.25;

    private static readonly LaneCounts Lanes = new(Light: 16, Full: 6, Hybrid: 16);

    // Light mode has 16 lanes per thread, full mode tries 6 beside them.
    [TestCase("laptop-core2-2gb", MemoryMode.Light, 1, "", false, 1203456L * 1024)]
    [TestCase("ryzen-3700x", MemoryMode.Full, 16, "0", true, (27000000L * 1024) + (2080 * MiB))]
    [TestCase("intel-12900k", MemoryMode.Full, 15, "0", true, 26000000L * 1024)]
    [TestCase("dual-xeon-e5-2680v2", MemoryMode.Full, 20, "0,1", true, 121000000L * 1024)]
    [TestCase("raspberry-pi-4", MemoryMode.Full, 1, "0", false, 3505000L * 1024)]
    [TestCase("container-1gib-v2", MemoryMode.Light, 2, "", false, 944 * MiB)]
    [TestCase("container-1gib-v1", MemoryMode.Light, 2, "", false, 944 * MiB)]
    public void Plan_OfTopology_DecidesFromAvailableMemory(
        string name, MemoryMode mode, int threads, string nodes, bool next, long available)
    {
        MemoryPlan plan = Plan(TempRoot.Read(name), MemoryRequest.Auto);
        int datasets = nodes.Split(',', StringSplitOptions.RemoveEmptyEntries).Length;
        double requiredMiB = (datasets * 2080) + Caches + (threads * (mode == MemoryMode.Full ? 16 + 6 : 16) * Lane);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((plan.Mode, plan.Fits, plan.PrepareNextDataset, plan.Lanes), Is.EqualTo((mode, true, next, 16)));
            Assert.That(string.Join(',', plan.DatasetNodes), Is.EqualTo(nodes));
            Assert.That(plan.RequiredBytes, Is.EqualTo((long)(requiredMiB * MiB)));
            Assert.That(plan.AvailableBytes, Is.EqualTo(available));
            Assert.That(plan.Reason, Does.Contain($"{(available + MiB - 1) / MiB} MiB available").And.Not.Contain("\n").And.Not.Contain("lanes"));
        }
    }

    [Test]
    public void Plan_OfFullThatFits_ReadsAsOneSentence() =>
        Assert.That(Plan(TempRoot.Read("raspberry-pi-4"), MemoryRequest.Auto).Reason, Is.EqualTo(
            "full mode: a dataset of 2080 MiB, 2 caches of 256 MiB and 50 MiB for 1 thread take 2642 MiB; "
            + "with 256 MiB left for the system that fits in the 3423 MiB available"));

    [Test]
    public void Plan_OfFullThatDoesNotFit_SaysSoWithNumbers()
    {
        MemoryPlan plan = Plan(TempRoot.Read("container-1gib-v2"), MemoryRequest.Full);
        Assert.That((plan.Mode, plan.Fits), Is.EqualTo((MemoryMode.Full, false)));
        Assert.That(plan.Reason, Is.EqualTo(
            "full mode: a dataset of 2080 MiB, 2 caches of 256 MiB and 9 MiB for 2 threads (1 of 16 lanes each, because memory is short) take 2601 MiB; "
            + "with 256 MiB left for the system that does not fit in the 944 MiB available: free memory or use light mode"));
    }

    [Test]
    public void Plan_OfAutoThatFallsBack_SaysWhatFullTakes() =>
        Assert.That(Plan(TempRoot.Read("laptop-core2-2gb"), MemoryRequest.Auto).Reason, Is.EqualTo(
            "light mode, because full mode takes 2597 MiB: no dataset, 2 caches of 256 MiB and 36 MiB for 1 thread take 548 MiB; "
            + "with 256 MiB left for the system that fits in the 1176 MiB available"));

    [TestCase(MemoryRequest.Auto)]
    [TestCase(MemoryRequest.Light)]
    public void Plan_OfTooLittleForLight_SaysSo(MemoryRequest request)
    {
        MemoryPlan plan = Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), 700 * MiB), request);
        Assert.That((plan.Mode, plan.Fits), Is.EqualTo((MemoryMode.Light, false)));
        Assert.That(plan.Reason, Does.EndWith("does not fit in the 700 MiB available: free memory or raise the limit"));
    }

    // Two threads, with the reserve: light with one lane each takes 772.5 MiB. A part is taken with all lanes and as many that are
    // tried, 912 MiB, so one of 256 MiB from 1168 MiB on. The whole dataset with a lane that hashes and one that is tried: 2857 MiB.
    [TestCase(772.5, MemoryMode.Light, 0)]
    [TestCase(1168 - 0.001, MemoryMode.Light, 0)]
    [TestCase(1168, MemoryMode.Hybrid, 256)]
    [TestCase(2000, MemoryMode.Hybrid, 2000 - 912)]
    [TestCase(2857 - 0.001, MemoryMode.Hybrid, 2857 - 912 - 1)]
    [TestCase(2857, MemoryMode.Full, 0)]
    public void Plan_OfHybrid_HoldsWhatFits(double availableMiB, MemoryMode mode, long partMiB)
    {
        HardwareInfo info = With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB));
        MemoryPlan plan = Plan(info, MemoryRequest.Hybrid);
        Assert.That((plan.Mode, plan.Fits, plan.PartBytes), Is.EqualTo((mode, true, partMiB * MiB)));
        Assert.That(MemoryPlanner.Plan(info, MemoryRequest.Auto, 2, Lanes, takesPart: true).Reason, Is.EqualTo(plan.Reason), "auto, where it may");
        Assert.That(plan.RequiredBytes + MemoryPlanner.SystemReserveBytes, Is.LessThanOrEqualTo(plan.AvailableBytes!.Value));
        if (mode == MemoryMode.Hybrid)
            Assert.That(plan.Reason, Does.StartWith($"hybrid mode: {partMiB} MiB of the dataset's 2080 MiB, 2 caches of 256 MiB and 144 MiB for 2 threads take "));
    }

    // Two threads with two lanes each, the one that is tried included, take 777 MiB with the reserve, and the part.
    [TestCase(10_000, 944, true, 16)]
    [TestCase(777 + 944, 944, true, 1)]
    [TestCase(777 + 944 - 0.1, 944, false, 16)]
    [TestCase(777 + 1, 1, true, 1)]
    public void Plan_OfASize_HoldsThatMuchOrRefuses(double availableMiB, long partMiB, bool fits, int lanes)
    {
        MemoryPlan plan = MemoryPlanner.Plan(
            With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB)), MemoryRequest.Hybrid, 2, Lanes, partMiB * MiB);
        Assert.That((plan.Mode, plan.Fits, plan.PartBytes, plan.Lanes), Is.EqualTo((MemoryMode.Hybrid, fits, partMiB * MiB, lanes)));
        Assert.That(plan.Reason, Does.EndWith(fits ? "MiB available" : "MiB available: free memory or ask for less"));
    }

    // Two threads, with the reserve: light with one lane each takes 772.5 MiB, full with two 2857 MiB, and the next dataset is made
    // ahead where it fits beside all 22 lanes, in 5027 MiB.
    [TestCase(772.5 - 0.001, MemoryMode.Light, false, false)]
    [TestCase(772.5, MemoryMode.Light, true, false)]
    [TestCase(2857 - 0.001, MemoryMode.Light, true, false)]
    [TestCase(2857, MemoryMode.Full, true, false)]
    [TestCase(5027 - 0.001, MemoryMode.Full, true, false)]
    [TestCase(5027, MemoryMode.Full, true, true)]
    public void Plan_AtEachBoundary_Switches(double availableMiB, MemoryMode mode, bool fits, bool next)
    {
        MemoryPlan plan = Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB)), MemoryRequest.Auto);
        Assert.That((plan.Mode, plan.Fits, plan.PrepareNextDataset), Is.EqualTo((mode, fits, next)));
    }

    // Light: 768 MiB and 4.5 MiB for each lane that both threads get. Full: 2848 MiB and 9 MiB for each, but no more than 6 are tried.
    [TestCase(MemoryRequest.Light, 772.5, 1)]
    [TestCase(MemoryRequest.Light, 777 - 0.001, 1)]
    [TestCase(MemoryRequest.Light, 777, 2)]
    [TestCase(MemoryRequest.Light, 800, 7)]
    [TestCase(MemoryRequest.Light, 840 - 0.001, 15)]
    [TestCase(MemoryRequest.Light, 840, 16)]
    [TestCase(MemoryRequest.Auto, 2857, 1)]
    [TestCase(MemoryRequest.Auto, 2848 + (9 * 6), 6)]
    [TestCase(MemoryRequest.Auto, 2848 + (9 * 6) + 4.5, 7)]
    [TestCase(MemoryRequest.Auto, 2947, 16)]
    public void Plan_OfLittleMemory_GivesThreadsFewerLanes(MemoryRequest request, double availableMiB, int lanes)
    {
        MemoryPlan plan = Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB)), request);
        Assert.That((plan.Fits, plan.Lanes), Is.EqualTo((true, lanes)));
        Assert.That(plan.RequiredBytes + MemoryPlanner.SystemReserveBytes, Is.LessThanOrEqualTo(plan.AvailableBytes!.Value));
        Assert.That(plan.Reason, lanes == 16 ? Does.Not.Contain("lanes") : Does.Contain($" for 2 threads ({lanes} of 16 lanes each, because memory is short) take "));
    }

    [TestCase(MemoryRequest.Light, 772.5, MemoryMode.Light)]
    [TestCase(MemoryRequest.Auto, 2852.5 - 0.001, MemoryMode.Light)]
    [TestCase(MemoryRequest.Auto, 2852.5, MemoryMode.Full)]
    public void Plan_OfOneLane_HasNothingToSaveOnIt(MemoryRequest request, double availableMiB, MemoryMode mode)
    {
        HardwareInfo info = With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB));
        MemoryPlan plan = MemoryPlanner.Plan(info, request, 2, LaneCounts.One);
        Assert.That((plan.Mode, plan.Fits, plan.Lanes), Is.EqualTo((mode, true, 1)));
        Assert.That(plan.Reason, Does.Contain("5 MiB for 2 threads take "));
    }

    [TestCase(512)]
    [TestCase(768)]
    public void Plan_OfAMachineTooSmallForTheCaches_RefusesWithTheLeastItTakes(long availableMiB)
    {
        MemoryPlan plan = MemoryPlanner.Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), availableMiB * MiB), MemoryRequest.Light, 4, Lanes);
        Assert.That((plan.Mode, plan.Fits, plan.Lanes), Is.EqualTo((MemoryMode.Light, false, 16)), "all lanes, for when there is much more");
        Assert.That(plan.RequiredBytes, Is.EqualTo((long)((Caches + (4 * Lane)) * MiB)));
        Assert.That(plan.RequiredBytes + (long)(Reserve * MiB), Is.GreaterThan(plan.AvailableBytes!.Value));
    }

    [Test]
    public void LightBytes_AreOfAllLanes() =>
        Assert.That(MemoryPlanner.LightBytes(2, Lanes), Is.EqualTo((long)((Caches + (2 * 16 * Lane)) * MiB)));

    [Test]
    public void Plan_OfLight_IsLightWhereFullFits()
    {
        MemoryPlan plan = Plan(TempRoot.Read("vm-2-cores-shared-l3"), MemoryRequest.Light);
        Assert.That((plan.Mode, plan.Fits, plan.DatasetNodes.Count), Is.EqualTo((MemoryMode.Light, true, 0)));
    }

    [Test]
    public void Plan_OfReservedHugePages_CountsThemForWholeDatasets()
    {
        HardwareInfo info = With(TempRoot.Read("vm-2-cores-shared-l3"), 900 * MiB);
        MemoryPlan enough = Plan(info with { Pages = info.Pages with { TwoMiB = new HugePagePool(1040, 1040) } }, MemoryRequest.Auto);
        MemoryPlan oneShort = Plan(info with { Pages = info.Pages with { TwoMiB = new HugePagePool(1040, 1039) } }, MemoryRequest.Auto);
        Assert.That((enough.Mode, enough.AvailableBytes), Is.EqualTo((MemoryMode.Full, (long?)2980 * MiB)));
        Assert.That((oneShort.Mode, oneShort.AvailableBytes), Is.EqualTo((MemoryMode.Light, (long?)900 * MiB)));
    }

    [TestCase(5000, 5000, "0,1", TestName = "Plan_OfTwoNodes_PutsADatasetOnEach")]
    [TestCase(5000, 2079, "0", TestName = "Plan_OfTwoNodes_SharesOneWhereANodeIsFull")]
    [TestCase(1000, 5000, "1", TestName = "Plan_OfTwoNodes_SharesTheRoomierNodes")]
    public void Plan_OfTwoNodes(long firstMiB, long secondMiB, string expected)
    {
        HardwareInfo info = TempRoot.Read("dual-xeon-e5-2680v2");
        NumaNode[] nodes =
        [
            info.NumaNodes[0] with { AvailableBytes = firstMiB * MiB }, info.NumaNodes[1] with { AvailableBytes = secondMiB * MiB },
        ];
        Assert.That(string.Join(',', Plan(info with { NumaNodes = nodes }, MemoryRequest.Full).DatasetNodes), Is.EqualTo(expected));
    }

    [TestCase(0, "0")]
    [TestCase(1, "0")]
    [TestCase(2, "0,1")]
    public void Plan_OfTwoNodes_CountsThoseWithThreads(int threads, string expected) =>
        Assert.That(string.Join(',', MemoryPlanner.Plan(TempRoot.Read("dual-xeon-e5-2680v2"), MemoryRequest.Auto, threads, Lanes).DatasetNodes),
            Is.EqualTo(expected));

    [TestCase(MemoryRequest.Auto, MemoryMode.Light)]
    [TestCase(MemoryRequest.Full, MemoryMode.Full)]
    public void Plan_OfUnknownMemory_TakesTheUserAtHisWord(MemoryRequest request, MemoryMode expected)
    {
        HardwareInfo info = TempRoot.Read("vm-2-cores-shared-l3");
        MemoryPlan plan = Plan(info with { Memory = new MemoryInfo(null, null) }, request);
        Assert.That((plan.Mode, plan.Fits, plan.AvailableBytes, plan.Lanes), Is.EqualTo((expected, true, (long?)null, 16)));
        Assert.That(plan.Reason, Does.EndWith("how much memory is available is unknown"));
    }

    private static MemoryPlan Plan(HardwareInfo info, MemoryRequest request) =>
        MemoryPlanner.Plan(info, request, ThreadPlanner.Plan(info, new ThreadRequest()).Threads.Count, Lanes);

    private static HardwareInfo With(HardwareInfo info, long available) =>
        info with { Memory = info.Memory with { AvailableBytes = available } };
}
