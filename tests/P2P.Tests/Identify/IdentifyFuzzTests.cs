using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identify;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;
using Message = P2PMiner.P2P.Identify.Proto.Identify;

namespace P2PMiner.P2P.Tests.Identify;

public sealed class IdentifyFuzzTests
{
    private const int DefaultInputs = 3000;

    [Test]
    public async Task Identify_TakesMutatedMessagesOrRefusesThem()
    {
        var key = Ed25519KeyPair.FromSeed(new byte[32]);
        PeerId peer = key.ToPublicKey().ToPeerId();
        var address = Multiaddr.Parse("/ip4/10.0.0.1/tcp/4001");
        byte[] valid = IdentifyMessages.Encode(
            new LocalDescription(key.ToPublicKey(), "agent/1", [address], ["/a/1", "/b/1"], new PeerRecord(peer, 1, [address]).Sign(key)), address);
        long budget = long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), out long bytes) ? bytes : 0;
        Random random = new(7);
        int refused = 0;

        for (long fed = 0, count = 0; count < DefaultInputs || fed < budget; count++)
        {
            byte[] input = Mutate(valid, random);
            fed += input.Length;
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await far.WriteAsync(input);
            far.CompleteWriting();
            try
            {
                Message message = await IdentifyMessages.ReadAsync(near, CancellationToken.None);
                var described = RemoteDescription.Read(message, key.ToPublicKey(), peer, isPush: count % 2 == 0);
                Assert.That(described.Protocols?.Count ?? 0, Is.LessThanOrEqualTo(IdentifyProtocol.MaxProtocols));
                Assert.That(described.AgentVersion?.Length ?? 0, Is.LessThanOrEqualTo(IdentifyProtocol.MaxTextLength));
            }
            catch (IOException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(DefaultInputs / 10));
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        if (random.Next(8) == 0)
        {
            byte[] noise = new byte[random.Next(1, 600)];
            random.NextBytes(noise);
            return noise;
        }
        byte[] mutated = [.. valid];
        for (int i = random.Next(1, 6); i > 0; i--)
            mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? mutated[..random.Next(mutated.Length)] : mutated;
    }
}
