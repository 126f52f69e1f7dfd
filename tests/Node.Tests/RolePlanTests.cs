using P2PMiner.Hardware;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests;

[TestFixture]
internal sealed class RolePlanTests
{
    [TestCase(NodeMode.Auto, false, 2, 8192, "dataset host, worker")]
    [TestCase(NodeMode.Auto, false, 2, 1024, "worker")]
    [TestCase(NodeMode.Worker, false, 2, 8192, "worker")]
    [TestCase(NodeMode.Worker, true, 2, 8192, "dataset host, worker")]
    [TestCase(NodeMode.Worker, false, 2, 1024, "worker")]
    [TestCase(NodeMode.Master, false, 2, 8192, "dataset host, worker")]
    [TestCase(NodeMode.Master, false, 0, 8192, "dataset host")]
    [TestCase(NodeMode.Auto, false, 0, 8192, "relay")]
    public void Role_FollowsFromModeThreadsAndMemory(NodeMode mode, bool datasetHost, int threads, int availableMib, string role)
    {
        NodeOptions options = new() { Mode = mode, DatasetHost = datasetHost, Threads = threads };
        RolePlan plan = RolePlan.Of(options, Machine(options, availableMib));
        Assert.That(plan.Role, Is.EqualTo(role));
        Assert.That(plan.Reason, Does.StartWith(role + ", because "));
    }

    [TestCase(NodeMode.Master, false, "--mode master")]
    [TestCase(NodeMode.Worker, true, "--dataset-host")]
    public void Host_WithoutMemoryForTheDataset_IsRefusedWithTheNumbers(NodeMode mode, bool datasetHost, string option)
    {
        NodeOptions options = new() { Mode = mode, DatasetHost = datasetHost, Threads = 2 };
        UsageException error = Assert.Throws<UsageException>(() => RolePlan.Of(options, Machine(options, 1024)))!;
        Assert.That(error.Message, Does.Contain(option).And.Contain("2597 MiB").And.Contain("1024 MiB available"));
    }

    [TestCase(NodeMode.Auto, null, MemoryRequest.Auto, true)]
    [TestCase(NodeMode.Auto, 2, MemoryRequest.Auto, true)]
    [TestCase(NodeMode.Auto, null, MemoryRequest.Light, true)]
    [TestCase(NodeMode.Worker, null, MemoryRequest.Auto, true)]
    [TestCase(NodeMode.Worker, 2, MemoryRequest.Light, true)]
    [TestCase(NodeMode.Auto, null, MemoryRequest.Full, false)]
    [TestCase(NodeMode.Worker, 2, MemoryRequest.Full, false)]
    public void TooSmallMachine_RelaysUnlessTheDatasetWasAskedFor(NodeMode mode, int? threads, MemoryRequest memory, bool relays)
    {
        NodeOptions options = new() { Mode = mode, Threads = threads, Memory = memory };
        HardwareReport machine = Machine(options, 300);
        if (relays)
        {
            RolePlan plan = RolePlan.Of(options, machine);
            Assert.That((plan.Role, plan.HasCaches), Is.EqualTo(("relay", false)));
            Assert.That(plan.Reason, Does.StartWith("relay, because there is no room to hash").And.Contain("300 MiB available").And.Not.Contain("\n"));
        }
        else
        {
            Assert.That(() => RolePlan.Of(options, machine), Throws.TypeOf<UsageException>().With.Message.Contains("300 MiB available"));
        }
    }

    [Test]
    public void Host_InLightMode_IsAContradiction() =>
        Assert.That(
            () => new NodeOptions { Mode = NodeMode.Master, Memory = MemoryRequest.Light }.Validate(),
            Throws.TypeOf<UsageException>().With.Message.Contains("--memory light"));

    /// <summary>This machine, with another amount of memory, as for an engine of one lane.</summary>
    internal static HardwareReport Machine(NodeOptions options, long availableMib)
    {
        HardwareInfo here = HardwareProbe.Read();
        HardwareInfo hardware = here with
        {
            Memory = new MemoryInfo(availableMib << 20, availableMib << 20),
            Limits = here.Limits with { MemoryLimitBytes = null, MemoryAvailableBytes = null },
            Pages = here.Pages with { TwoMiB = null },
        };
        ThreadPlan threads = ThreadPlanner.Plan(hardware, new ThreadRequest(options.Threads));
        return new HardwareReport(hardware, threads, MemoryPlanner.Plan(hardware, RolePlan.MemoryOf(options), threads.Threads.Count, LaneCounts.One));
    }
}
