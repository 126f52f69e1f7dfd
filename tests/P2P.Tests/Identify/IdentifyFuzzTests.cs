using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identify;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;
using Message = P2PMiner.P2P.Identify.Proto.Identify;

namespace P2PMiner.P2P.Tests.Identify;

public sealed class IdentifyFuzzTests
{
    /// <summary>The stream in memory and the exception that refuses a message take most of it.</summary>
    private const int Allocation = 64 * 1024;

    [Test]
    public void Identify_TakesMutatedMessagesOrRefusesThem()
    {
        var key = Ed25519KeyPair.FromSeed(new byte[32]);
        PeerId peer = key.ToPublicKey().ToPeerId();
        var address = Multiaddr.Parse("/ip4/10.0.0.1/tcp/4001");
        byte[] valid = IdentifyMessages.Encode(
            new LocalDescription(key.ToPublicKey(), "agent/1", [address], ["/a/1", "/b/1"], new PeerRecord(peer, 1, [address]).Sign(key)), address);
        int taken = 0, refused = 0;

        Fuzz.Run(
            random => Mutate(valid, random),
            input =>
            {
                if (ReadAsync(input, key, isPush: taken % 2 == 0).GetAwaiter().GetResult())
                    taken++;
                else
                    refused++;
            },
            Allocation);

        Assert.That(Math.Min(taken, refused), Is.GreaterThan(100));
    }

    private static async Task<bool> ReadAsync(byte[] input, Ed25519KeyPair key, bool isPush)
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        await far.WriteAsync(input);
        far.CompleteWriting();
        try
        {
            Message message = await IdentifyMessages.ReadAsync(near, CancellationToken.None);
            var described = RemoteDescription.Read(message, key.ToPublicKey(), key.ToPublicKey().ToPeerId(), isPush);
            Assert.That(described.Protocols?.Count ?? 0, Is.LessThanOrEqualTo(IdentifyProtocol.MaxProtocols));
            Assert.That(described.AgentVersion?.Length ?? 0, Is.LessThanOrEqualTo(IdentifyProtocol.MaxTextLength));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
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
