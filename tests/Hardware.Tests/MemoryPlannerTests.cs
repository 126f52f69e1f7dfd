namespace P2PMiner.Hardware.Tests;

public sealed class MemoryPlannerTests
{
    private const long MiB = 1 << 20;

    // Full with t threads takes 2080 + 512 + 2.25 t MiB, light 512 + 2.25 t MiB; 256 MiB more must be there.
    [TestCase("laptop-core2-2gb", MemoryMode.Light, true, "", false, 514.25, 1203456L * 1024)]
    [TestCase("ryzen-3700x", MemoryMode.Full, true, "0", true, 2628, (27000000L * 1024) + (2080 * MiB))]
    [TestCase("intel-12900k", MemoryMode.Full, true, "0", true, 2625.75, 26000000L * 1024)]
    [TestCase("dual-xeon-e5-2680v2", MemoryMode.Full, true, "0,1", true, 4717, 121000000L * 1024)]
    [TestCase("raspberry-pi-4", MemoryMode.Full, true, "0", false, 2594.25, 3505000L * 1024)]
    [TestCase("container-1gib-v2", MemoryMode.Light, true, "", false, 516.5, 944 * MiB)]
    [TestCase("container-1gib-v1", MemoryMode.Light, true, "", false, 516.5, 944 * MiB)]
    public void Plan_OfTopology_DecidesFromAvailableMemory(
        string name, MemoryMode mode, bool fits, string nodes, bool next, double requiredMiB, long available)
    {
        MemoryPlan plan = Plan(TempRoot.Read(name), MemoryRequest.Auto);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((plan.Mode, plan.Fits, plan.PrepareNextDataset), Is.EqualTo((mode, fits, next)));
            Assert.That(string.Join(',', plan.DatasetNodes), Is.EqualTo(nodes));
            Assert.That(plan.RequiredBytes, Is.EqualTo((long)(requiredMiB * MiB)));
            Assert.That(plan.AvailableBytes, Is.EqualTo(available));
            Assert.That(plan.Reason, Does.Contain($"{(available + MiB - 1) / MiB} MiB available").And.Not.Contain("\n"));
        }
    }

    [Test]
    public void Plan_OfFullThatFits_ReadsAsOneSentence() =>
        Assert.That(Plan(TempRoot.Read("raspberry-pi-4"), MemoryRequest.Auto).Reason, Is.EqualTo(
            "full mode: a dataset of 2080 MiB, 2 caches of 256 MiB and 3 MiB for 1 thread take 2595 MiB; "
            + "with 256 MiB left for the system that fits in the 3423 MiB available"));

    [Test]
    public void Plan_OfFullThatDoesNotFit_SaysSoWithNumbers()
    {
        MemoryPlan plan = Plan(TempRoot.Read("container-1gib-v2"), MemoryRequest.Full);
        Assert.That((plan.Mode, plan.Fits), Is.EqualTo((MemoryMode.Full, false)));
        Assert.That(plan.Reason, Is.EqualTo(
            "full mode: a dataset of 2080 MiB, 2 caches of 256 MiB and 5 MiB for 2 threads take 2597 MiB; "
            + "with 256 MiB left for the system that does not fit in the 944 MiB available: free memory or use light mode"));
    }

    [Test]
    public void Plan_OfAutoThatFallsBack_SaysWhatFullTakes() =>
        Assert.That(Plan(TempRoot.Read("laptop-core2-2gb"), MemoryRequest.Auto).Reason, Is.EqualTo(
            "light mode, because full mode takes 2595 MiB: no dataset, 2 caches of 256 MiB and 3 MiB for 1 thread take 515 MiB; "
            + "with 256 MiB left for the system that fits in the 1176 MiB available"));

    [TestCase(MemoryRequest.Auto)]
    [TestCase(MemoryRequest.Light)]
    public void Plan_OfTooLittleForLight_SaysSo(MemoryRequest request)
    {
        MemoryPlan plan = Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), 700 * MiB), request);
        Assert.That((plan.Mode, plan.Fits), Is.EqualTo((MemoryMode.Light, false)));
        Assert.That(plan.Reason, Does.EndWith("does not fit in the 700 MiB available: free memory or raise the limit"));
    }

    // Two threads: light needs 772.5 MiB with the reserve, so a part of 256 MiB 1028.5 MiB, and the whole dataset 2852.5 MiB.
    [TestCase(772.5, MemoryMode.Light, 0)]
    [TestCase(1028.5 - 0.001, MemoryMode.Light, 0)]
    [TestCase(1028.5, MemoryMode.Hybrid, 256)]
    [TestCase(2000, MemoryMode.Hybrid, 1227)]
    [TestCase(2852.5 - 0.001, MemoryMode.Hybrid, 2079)]
    [TestCase(2852.5, MemoryMode.Full, 0)]
    public void Plan_OfHybrid_HoldsWhatFits(double availableMiB, MemoryMode mode, long partMiB)
    {
        HardwareInfo info = With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB));
        MemoryPlan plan = Plan(info, MemoryRequest.Hybrid);
        Assert.That((plan.Mode, plan.Fits, plan.PartBytes), Is.EqualTo((mode, true, partMiB * MiB)));
        Assert.That(MemoryPlanner.Plan(info, MemoryRequest.Auto, 2, takesPart: true).Reason, Is.EqualTo(plan.Reason), "auto, where it may");
        Assert.That(plan.RequiredBytes + MemoryPlanner.SystemReserveBytes, Is.LessThanOrEqualTo(plan.AvailableBytes!.Value));
        if (mode == MemoryMode.Hybrid)
            Assert.That(plan.Reason, Does.StartWith($"hybrid mode: {partMiB} MiB of the dataset's 2080 MiB, 2 caches of 256 MiB and 5 MiB for 2 threads take "));
    }

    // Two threads: light needs 772.5 MiB with the reserve, and the part.
    [TestCase(10_000, 944, true)]
    [TestCase(1716.5, 944, true)]
    [TestCase(1716.4, 944, false)]
    [TestCase(773.5, 1, true)]
    public void Plan_OfASize_HoldsThatMuchOrRefuses(double availableMiB, long partMiB, bool fits)
    {
        MemoryPlan plan = MemoryPlanner.Plan(
            With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB)), MemoryRequest.Hybrid, 2, partMiB * MiB);
        Assert.That((plan.Mode, plan.Fits, plan.PartBytes), Is.EqualTo((MemoryMode.Hybrid, fits, partMiB * MiB)));
        Assert.That(plan.Reason, Does.EndWith(fits ? "MiB available" : "MiB available: free memory or ask for less"));
    }

    // Two threads: light needs 772.5 MiB with the reserve, full 2852.5 MiB, full with the next dataset 4932.5 MiB.
    [TestCase(772.5 - 0.001, MemoryMode.Light, false, false)]
    [TestCase(772.5, MemoryMode.Light, true, false)]
    [TestCase(2852.5 - 0.001, MemoryMode.Light, true, false)]
    [TestCase(2852.5, MemoryMode.Full, true, false)]
    [TestCase(4932.5 - 0.001, MemoryMode.Full, true, false)]
    [TestCase(4932.5, MemoryMode.Full, true, true)]
    public void Plan_AtEachBoundary_Switches(double availableMiB, MemoryMode mode, bool fits, bool next)
    {
        MemoryPlan plan = Plan(With(TempRoot.Read("vm-2-cores-shared-l3"), (long)(availableMiB * MiB)), MemoryRequest.Auto);
        Assert.That((plan.Mode, plan.Fits, plan.PrepareNextDataset), Is.EqualTo((mode, fits, next)));
    }

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
        Assert.That(string.Join(',', MemoryPlanner.Plan(TempRoot.Read("dual-xeon-e5-2680v2"), MemoryRequest.Auto, threads).DatasetNodes),
            Is.EqualTo(expected));

    [TestCase(MemoryRequest.Auto, MemoryMode.Light)]
    [TestCase(MemoryRequest.Full, MemoryMode.Full)]
    public void Plan_OfUnknownMemory_TakesTheUserAtHisWord(MemoryRequest request, MemoryMode expected)
    {
        HardwareInfo info = TempRoot.Read("vm-2-cores-shared-l3");
        MemoryPlan plan = Plan(info with { Memory = new MemoryInfo(null, null) }, request);
        Assert.That((plan.Mode, plan.Fits, plan.AvailableBytes), Is.EqualTo((expected, true, (long?)null)));
        Assert.That(plan.Reason, Does.EndWith("how much memory is available is unknown"));
    }

    private static MemoryPlan Plan(HardwareInfo info, MemoryRequest request) =>
        MemoryPlanner.Plan(info, request, ThreadPlanner.Plan(info, new ThreadRequest()).Threads.Count);

    private static HardwareInfo With(HardwareInfo info, long available) =>
        info with { Memory = info.Memory with { AvailableBytes = available } };
}
