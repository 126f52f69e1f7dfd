using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
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
