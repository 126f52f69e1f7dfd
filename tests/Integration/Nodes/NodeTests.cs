using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>The whole program as users start it, against real daemons.</summary>
[Category("Node")]
public sealed class NodeTests
{
    private const int ExitInterrupted = 130;

    private string _data = "";

    [SetUp]
    public void MakeDataDirectory() => _data = Directory.CreateTempSubdirectory("p2p-miner-node-").FullName;

    [TearDown]
    public void RemoveDataDirectory() => Directory.Delete(_data, recursive: true);

    [Test]
    public async Task Node_WithNothingConfiguredMinesLinks_AndGoesOnWithThemAfterCtrlC()
    {
        ulong height;
        string peerId;
        await using (NodeProcess node = NodeProcess.Start(_data))
        {
            JsonElement status = await node.UntilAsync(now => Height(now) >= 3);
            peerId = status.GetProperty("peerId").GetString()!;
            Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("mining"));
            Assert.That(status.GetProperty("shares").GetProperty("rejected").GetInt64(), Is.Zero);
            Assert.That(await node.InterruptAsync(), Is.EqualTo(ExitInterrupted));
            height = Height(status);
        }

        await using NodeProcess again = NodeProcess.Start(_data);
        JsonElement restarted = await again.UntilAsync(_ => true);
        Assert.That(Height(restarted), Is.GreaterThanOrEqualTo(height));
        Assert.That(restarted.GetProperty("peerId").GetString(), Is.EqualTo(peerId));
    }

    [Test]
    public async Task Node_AskedForNoThreadsIsReadyAndHashesNothing()
    {
        await using NodeProcess node = NodeProcess.Start(_data, "--threads", "0");

        JsonElement status = await node.UntilAsync(now => now.GetProperty("state").GetString() == "idle");

        Assert.That(status.GetProperty("role").GetString(), Is.EqualTo("relay"));
        Assert.That(status.GetProperty("totalHashes").GetUInt64(), Is.Zero);
    }

    [Test]
    public async Task SecondNode_OnTheSameDataDirectoryIsRefusedInOneLine()
    {
        await using NodeProcess first = NodeProcess.Start(_data, "--threads", "0");
        await first.UntilAsync(_ => true);
        await using NodeProcess second = NodeProcess.Start(_data, "--threads", "0");

        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(second.Output.Where(line => line.Length > 0).ToArray(), Has.Length.EqualTo(1));
        Assert.That(second.Output[0], Does.Contain(_data));
    }

    [Test]
    public async Task Node_MinesTwentyBlocksInARowThatTheDaemonAcceptsAndTheWalletSees()
    {
        const int Blocks = 20;
        await using MonerodFixture daemon = await MonerodFixture.StartAsync(difficulty: 20);
        await using WalletRpcFixture wallet = await WalletRpcFixture.StartAsync(daemon);
        JsonElement status;
        await using (NodeProcess node = NodeProcess.Start(
            _data, "--daemon", daemon.Url, "--daemon-zmq", daemon.ZmqAddress, "--wallet", wallet.Address))
        {
            status = await node.UntilAsync(now => Accepted(now) >= Blocks);
            Assert.That(await node.InterruptAsync(), Is.EqualTo(ExitInterrupted));
        }

        Assert.That(status.GetProperty("blocks").GetProperty("rejected").GetInt64(), Is.Zero);
        Assert.That(status.GetProperty("shares").GetProperty("rejected").GetInt64(), Is.Zero);
        (ulong height, ulong balance) = await wallet.RefreshBalanceAsync();
        Assert.That(height, Is.GreaterThan((ulong)Blocks));
        ulong rewards = 0;
        for (ulong block = 1; block < height; block++)
        {
            JsonElement header = (await daemon.CallAsync("get_block_header_by_height", new { height = block })).GetProperty("block_header");
            rewards += header.GetProperty("reward").GetUInt64();
        }
        Assert.That(balance, Is.EqualTo(rewards));
    }

    [Test]
    public async Task Node_SurvivesItsDaemonAndGoesOnWithTheNextAndBack()
    {
        await using MonerodFixture first = await MonerodFixture.StartAsync(difficulty: 1);
        await using MonerodFixture second = await MonerodFixture.StartAsync(difficulty: 300);
        await using NodeProcess node = NodeProcess.Start(
            _data, "--daemon", first.Url, "--daemon", second.Url, "--wallet", MonerodFixture.AnyAddress);
        await node.UntilAsync(now => Accepted(now) >= 2);

        await first.KillAsync();
        await Wait.UntilAsync(async () => await second.HeightAsync() >= 3, node.Explain);

        // The two do not know each other, and a daemon that is behind is not returned to: until the node is back, the
        // first one has to keep ahead of what the node mines on the second.
        await first.StartAgainAsync();
        ulong generated = await first.HeightAsync();
        await Wait.UntilAsync(
            async () =>
            {
                if (generated < await second.HeightAsync() + 5)
                    generated += (ulong)(await first.GenerateBlocksAsync(20)).Length;
                return await first.HeightAsync() > generated;
            },
            node.Explain);
        Assert.That(await node.InterruptAsync(), Is.EqualTo(ExitInterrupted));
    }

    [Test]
    public async Task Node_KilledTwentyTimesKeepsItsLinksAndLosesNoBlock()
    {
        const int Kills = 20;
        Random random = new(20261121);
        await using MonerodFixture daemon = await MonerodFixture.StartAsync(difficulty: 30);
        string[] arguments = ["--daemon", daemon.Url, "--wallet", MonerodFixture.AnyAddress];
        List<string> output = [];
        ulong links = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            await using NodeProcess node = NodeProcess.Start(_data, arguments);
            JsonElement first = await node.UntilAsync(_ => true);
            Assert.That(Height(first), Is.GreaterThanOrEqualTo(links), "links of the run before");
            ulong hashes = (ulong)random.Next(2, 60);
            links = Height(await node.UntilAsync(now => now.GetProperty("totalHashes").GetUInt64() >= hashes));
            await node.KillAsync();
            output.AddRange(node.Output);
        }

        await using (NodeProcess last = NodeProcess.Start(_data, arguments))
        {
            await last.UntilAsync(now => Accepted(now) >= 1);
            Assert.That(await last.InterruptAsync(), Is.EqualTo(ExitInterrupted));
            output.AddRange(last.Output);
        }

        // A block that is found while the node ends waits in its folder for the next start.
        await using (NodeProcess heir = NodeProcess.Start(_data, [.. arguments, "--threads", "0"]))
        {
            await heir.UntilAsync(_ => !HasWaitingBlocks());
            Assert.That(await heir.InterruptAsync(), Is.EqualTo(ExitInterrupted));
        }
        string[] found = [.. output.Where(line => line.Contains("found block", StringComparison.OrdinalIgnoreCase)).Select(BlockId)];
        Assert.That(found, Is.Not.Empty);
        string rejected = Path.Combine(_data, "blocks", "rejected");
        foreach (string id in found)
        {
            if (Directory.Exists(rejected) && Directory.EnumerateFiles(rejected, $"*{id}*").Any())
                continue;
            await daemon.CallAsync("get_block_header_by_hash", new { hash = id });
        }
    }

    private static ulong Height(JsonElement status) => status.GetProperty("chain").GetProperty("height").GetUInt64();

    private static long Accepted(JsonElement status) => status.GetProperty("blocks").GetProperty("accepted").GetInt64();

    private static string BlockId(string line) => line.Split(' ', '(', ')', ',', ':').First(word => word.Length == 64);

    private bool HasWaitingBlocks()
    {
        string blocks = Path.Combine(_data, "blocks");
        return Directory.Exists(blocks) && Directory.EnumerateFiles(blocks).Any();
    }
}
