using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>Many services at once, and one for a long time.</summary>
public sealed class SimulationTests : GossipFixture
{
    private const int Routers = 50;
    private const int Dials = 5;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Only the mesh and gossip carry messages, as flooding would hide their failures.</summary>
    private static readonly PubSubOptions MeshOnly = new() { FloodPublish = false };

    [Test]
    public async Task Mesh_OfFiftyDeliversEveryMessageToEveryone()
    {
        TestRouter[] routers = await BuildMeshAsync(new Random(1));

        Dictionary<byte, TestRouter> sent = await PublishAsync(routers, new Random(2), count: 100, first: 0);

        await WaitForAllAsync(routers, sent);
        Assert.That(routers.All(router => router.Received.Select(message => message.Data.Span[0]).Distinct().Count() == router.ReceivedCount),
            "nothing is delivered twice");
        Assert.That(routers.Select(router => router.Service.MeshPeers(Topic).Count), Is.All.InRange(4, 12));
    }

    [Test]
    public async Task Mesh_OfFiftyDeliversEveryMessageToTheSurvivorsWhileAThirdIsKilled()
    {
        Random random = new(3);
        TestRouter[] routers = await BuildMeshAsync(random);
        random.Shuffle(routers);
        TestRouter[] victims = routers[..(Routers / 3)];
        TestRouter[] survivors = routers[(Routers / 3)..];
        Dictionary<byte, TestRouter> sent = [];

        foreach (TestRouter victim in victims)
        {
            foreach ((byte number, TestRouter router) in await PublishAsync(survivors, random, count: 4, first: sent.Count))
                sent.Add(number, router);
            victim.Network.Kill();
            await Time.AdvanceAsync(Step);
        }
        await WaitForAllAsync(survivors, sent);
    }

    [Test]
    public async Task PartOfTheMeshThatWasCutOff_CatchesUpByGossip()
    {
        TestRouter a = AddRouter(MeshOnly, Topic);
        ScriptedPeer meshed = await AddPeerAsync(a);
        TestRouter b = AddRouter(MeshOnly, Topic);
        a.Connect(b);
        await Until(() => a.HasInMesh(b, Topic) && b.HasInMesh(a, Topic), "mesh");
        // Neither side grafts the other again for the next minute.
        b.Service.Inspect(parts =>
        {
            parts.Membership.Leave(parts.Topics.Find(Topic)!);
            parts.Outbox.Flush();
            return parts.Topics.Find(Topic)!.Mesh = [];
        });
        await Until(() => !a.HasInMesh(b, Topic), "no mesh");

        await meshed.SendAsync(meshed.NewMessage(Topic, [1]));

        await Wait.UntilAsync(Time, Step, () => b.ReceivedCount == 1, "message by IHAVE and IWANT");
    }

    [Test]
    public async Task DayOfChurn_LeavesNothingBehind()
    {
        const int Rounds = 144;
        Random random = new(4);
        TestRouter router = AddRouter(null, Topic);
        router.Trace.TracesRpcs = false;
        ScriptedPeer[] regulars = [.. Enumerable.Range(0, 20).Select(_ => new ScriptedPeer(Swarm.Add()))];
        long largest = 0;
        for (int round = 0; round < Rounds; round++)
        {
            ScriptedPeer[] present = [.. regulars.Where(_ => random.Next(6) == 0), new ScriptedPeer(Swarm.Add())];
            foreach (ScriptedPeer peer in present)
                await VisitAsync(router, peer, random);
            Time.Advance(TimeSpan.FromMinutes(1));
            foreach (ScriptedPeer peer in present)
                await peer.Network.DisconnectAsync(router.Id);
            await Until(() => router.Service.Peers.Count == 0, "end of all streams");
            router.Trace.Clear();
            Time.Advance(TimeSpan.FromMinutes(9));
            largest = Math.Max(largest, router.Service.Inspect(RouterTables.Of).Values.Sum());
        }

        Time.Advance(TimeSpan.FromHours(2));

        Assert.That(router.Service.Inspect(RouterTables.Of).Where(static table => table.Value > 0), Is.Empty);
        Assert.That(router.Service.Inspect(parts => parts.Topics.Count), Is.EqualTo(1), "our own");
        Assert.That(router.Service.RetryCount, Is.Zero);
        Assert.That(largest, Is.LessThan(2000), "what is kept after a visit stays the same all day");
        Assert.That(Time.PendingTimers, Is.EqualTo(1), "the heartbeat");
    }

    private static async Task VisitAsync(TestRouter router, ScriptedPeer peer, Random random)
    {
        await peer.ConnectAsync(router);
        await WriteAsync(peer, batch =>
        {
            batch.Subscriptions.Add(("topic"u8.ToArray(), true));
            for (int i = 0; i < 20; i++)
                batch.Subscriptions.Add(([.. "other"u8, .. BitConverter.GetBytes((char)('a' + random.Next(26)))[..1]], true));
            batch.Grafts.Add("topic"u8.ToArray());
            batch.IHaves.Add(("topic"u8.ToArray(), [.. Enumerable.Range(0, 20).Select(_ => Bytes(random))]));
            batch.IDontWant.Add(Bytes(random));
            if (random.Next(2) == 0)
                batch.Prunes.Add(new("topic"u8.ToArray(), (ulong)random.Next(100), []));
            if (random.Next(4) == 0)
                batch.Grafts.AddRange(Enumerable.Repeat("unknown"u8.ToArray(), 2000));
        });
        for (int i = 0; i < 5; i++)
            await TryWriteAsync(peer, peer.NewMessage("topic", Bytes(random)).Frame);
        await router.Service.PublishAsync(random.Next(2) == 0 ? Topic : "not ours", Bytes(random));
        if (random.Next(5) == 0)
            await TryWriteAsync(peer, [0x05, 0xff, 0xff, 0xff, 0xff, 0xff]);
        await ManualTime.SettleAsync();
    }

    private static Task WriteAsync(ScriptedPeer peer, Action<ControlBatch> fill)
    {
        ControlBatch batch = new();
        fill(batch);
        return TryWriteAsync(peer, RpcEncoder.Encode(batch));
    }

    private static async Task TryWriteAsync(ScriptedPeer peer, byte[] bytes)
    {
        try
        {
            await peer.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // Cut off for what it sent before.
        }
    }

    private async Task<TestRouter[]> BuildMeshAsync(Random random)
    {
        TestRouter[] routers = [.. Enumerable.Range(0, Routers).Select(_ => AddRouter(MeshOnly, Topic))];
        foreach (TestRouter router in routers)
            router.Trace.TracesRpcs = false;
        for (int i = 0; i < Routers; i++)
        {
            for (int dial = 0; dial < Dials; dial++)
                routers[i].Connect(routers[(i + 1 + (dial == 0 ? 0 : random.Next(Routers - 1))) % Routers]);
        }
        await Until(() => routers.All(router => router.Service.Subscribers(Topic).Count == router.Network.Connections.Count), "subscriptions");
        await Time.AdvanceAsync(TimeSpan.FromSeconds(3));
        return routers;
    }

    /// <returns>Who published which number.</returns>
    private async Task<Dictionary<byte, TestRouter>> PublishAsync(TestRouter[] routers, Random random, int count, int first)
    {
        Dictionary<byte, TestRouter> sent = [];
        for (int i = 0; i < count; i++)
        {
            TestRouter router = routers[random.Next(routers.Length)];
            byte number = (byte)(first + i);
            await router.Service.PublishAsync(Topic, new[] { number });
            sent.Add(number, router);
        }
        await Time.AdvanceAsync(Step);
        return sent;
    }

    /// <summary>Everyone gets everything, but not what it published itself.</summary>
    private Task WaitForAllAsync(TestRouter[] routers, Dictionary<byte, TestRouter> sent) =>
        Wait.UntilAsync(Time, Step, () => routers.All(router => HasAll(router, sent)), "all messages everywhere");

    private static bool HasAll(TestRouter router, Dictionary<byte, TestRouter> sent)
    {
        HashSet<byte> received = [.. router.Received.Select(message => message.Data.Span[0])];
        return sent.All(message => message.Value == router || received.Contains(message.Key));
    }

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[8];
        random.NextBytes(bytes);
        return bytes;
    }
}
