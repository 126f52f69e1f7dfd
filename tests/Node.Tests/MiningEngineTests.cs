using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Tests.Cluster;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests;

[TestFixture]
internal sealed class MiningEngineTests
{
    [Test]
    public async Task FirstKey_IsBegunBeforeAnythingAsksForIt([Values] bool isKnown)
    {
        NodeOptions options = new() { Memory = MemoryRequest.Light, Threads = 1, DataDirectory = TestContext.CurrentContext.WorkDirectory };
        Hash256 key = new([.. Enumerable.Repeat((byte)7, Hash256.Size)]);
        HardwareReport machine = RolePlanTests.Machine(options, 8192);
        await using MiningEngine engine = MiningEngine.Create(
            options, machine, TimeProvider.System, NullLoggerFactory.Instance, firstKey: isKnown ? key : null);
        engine.Miner.Start();
        Assert.That(engine.Keys.Status.Keys.Select(status => status.Key), Is.EqualTo(isKnown ? new[] { key } : []));
    }

    [Test]
    public async Task FirstKey_IsNotBegunWithoutMemoryForCaches()
    {
        NodeOptions options = new() { DataDirectory = TestContext.CurrentContext.WorkDirectory };
        HardwareReport machine = RolePlanTests.Machine(options, 300);
        await using MiningEngine engine = MiningEngine.Create(
            options, machine, TimeProvider.System, NullLoggerFactory.Instance, firstKey: Hash256.Zero);
        engine.Miner.Start();
        Assert.That(engine.Keys.Status.Keys, Is.Empty);
    }

    [Test]
    public void DatasetThreads_ArePinnedWhereEachHasACpu([Values] bool hasQuota)
    {
        HardwareReport here = RolePlanTests.Machine(new NodeOptions(), 8192);
        HardwareInfo four = here.Hardware with
        {
            LogicalCpus = [.. Enumerable.Range(0, 4).Select(cpu => new LogicalCpu(cpu, cpu, 0, cpu / 2, CoreKind.Uniform))],
            AllowedCpus = [0, 2, 3],
            Limits = here.Hardware.Limits with { CpuQuota = hasQuota ? 1.5 : null },
        };
        HardwareReport machine = here with { Hardware = four, MemoryPlan = here.MemoryPlan with { DatasetNodes = [1] } };
        NumaNodeCpus node = MiningEngine.NodesOf(machine).Single();
        Assert.That(node.Node, Is.EqualTo(1));
        Assert.That(node.Cpus, Is.EqualTo(hasQuota ? Array.Empty<int>() : [2, 3, 0]), "those of the dataset's node first");
    }

    [Test]
    public async Task Rest_GivesBackAllMemory_UntilThereIsAJobAgain()
    {
        NodeOptions options = new() { Memory = MemoryRequest.Light, Threads = 1, DataDirectory = TestContext.CurrentContext.WorkDirectory };
        await using MiningEngine engine = MiningEngine.Create(options, RolePlanTests.Machine(options, 8192), TimeProvider.System, NullLoggerFactory.Instance);
        engine.Miner.Start();
        ChainJob job = ChainJob.Create("1", TestChain.NewTree().NextTemplate(TestChain.Alice, TestChain.Start));
        for (int time = 0; time < 2; time++)
        {
            long before = engine.Miner.TotalHashes;
            engine.Search(job);
            await Wait.UntilAsync(() => engine.Miner.TotalHashes > before, "it hashes");
            engine.Rest();
            Assert.That(engine.Keys.Status.Keys, Is.Empty);
            Assert.That(engine.Miner.Job, Is.Null);
            await Wait.UntilAsync(() => engine.Miner.ScratchpadPages is null, "its hasher is gone");
        }
    }
}
