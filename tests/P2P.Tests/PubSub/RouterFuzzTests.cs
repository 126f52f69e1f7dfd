using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Routing;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub;

/// <summary>RPCs that decode but make little sense: the router survives them all, and its tables stay within their bounds.</summary>
public sealed class RouterFuzzTests
{
    private const int Seed = 20260102;

    private static readonly byte[][] Topics = [.. new[] { "a", "b", "t", "topic" }.Select(System.Text.Encoding.UTF8.GetBytes)];

    private readonly List<Exception> _failures = [];

    [Test]
    public async Task Router_SurvivesRpcsThatMakeNoSense()
    {
        Random random = new(Seed);
        ManualTime time = new();
        TestSwarm swarm = new(time);
        TestNetwork self = swarm.Add();
        GossipRouter router = new(new RouterContext(
            self.LocalPeer, new PubSubOptions { PeerExchange = true }, time, new Random(Seed), NullLogger.Instance, (_, _) => { }, Fail, default));
        foreach (string topic in new[] { "a", "t" })
            router.Subscribe(new Subscription(topic, static _ => { }, router.Unsubscribe, NullLogger.Instance));
        RpcFrame frame = new();
        GossipPeer peer = Add(router, swarm, self);
        foreach (byte[] input in Fuzz.Inputs(static random => Mutate(random, Sample(random))))
        {
            Fuzz.Feed(input, bytes =>
            {
                if (RpcDecoder.Decode(bytes, frame) == RpcStatus.Done)
                    router.Receive(peer, bytes, frame, verifiesHere: random.Next(2) == 0);
            });
            if (random.Next(50) == 0)
                time.Advance(TimeSpan.FromMilliseconds(200));
            if (random.Next(20) == 0)
                router.RunHeartbeat();
            if (peer.IsCutOff || random.Next(200) == 0)
            {
                router.Remove(peer);
                peer = Add(router, swarm, self);
            }
        }
        router.Remove(peer);

        await Wait.UntilAsync(() => router.Inspect(parts => parts.InFlight.Count) == 0, "end of verification");
        Assert.That(_failures, Is.Empty);
        Assert.That(router.Inspect(parts => parts.Peers.Count), Is.Zero);
        Assert.That(router.Inspect(parts => parts.Topics.All.Sum(topic => topic.Subscribers.Count)), Is.Zero);
    }

    private static GossipPeer Add(GossipRouter router, TestSwarm swarm, TestNetwork self)
    {
        IPeerConnection connection = swarm.Add($"/ip4/192.0.2.{1 + (swarm.Networks.Count % 200)}/tcp/{swarm.Networks.Count % 60000}").Connect(self);
        GossipPeer peer = router.Add(((TestConnection)connection).Other);
        router.SetReachable(peer, PubSubOptions.Version12);
        return peer;
    }

    private static byte[] Sample(Random random) => random.Next(4) switch
    {
        0 => GossipVectors.Hex("signed", "rpc"),
        1 => GossipVectors.Hex("empty", "rpc"),
        _ => Control(random),
    };

    private static byte[] Control(Random random)
    {
        ControlBatch batch = new();
        for (int parts = random.Next(1, 4); parts > 0; parts--)
        {
            byte[] topic = Topics[random.Next(Topics.Length)];
            switch (random.Next(6))
            {
                case 0: batch.Subscriptions.Add((topic, random.Next(3) > 0)); break;
                case 1: batch.Grafts.Add(topic); break;
                case 2: batch.Prunes.Add(new(topic, (ulong)random.NextInt64(), [(Id(random), Id(random))])); break;
                case 3: batch.IHaves.Add((topic, [Id(random), Id(random)])); break;
                case 4: batch.IWant.Add(Id(random)); break;
                default: batch.IDontWant.Add(Id(random)); break;
            }
        }
        byte[] frame = RpcEncoder.Encode(batch);
        return frame[(frame[0] < 0x80 ? 1 : 2)..];
    }

    private static byte[] Id(Random random)
    {
        byte[] id = new byte[random.Next(1, 46)];
        random.NextBytes(id);
        return id;
    }

    private static byte[] Mutate(Random random, byte[] sample)
    {
        byte[] input = [.. sample];
        for (int changes = random.Next(3); changes > 0; changes--)
            input[random.Next(input.Length)] ^= (byte)(1 << random.Next(8));
        return input;
    }

    private void Fail(Exception exception)
    {
        lock (_failures)
            _failures.Add(exception);
    }
}
