using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Mdns;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MdnsMemoryTests
{
    private static readonly Multiaddr A = Multiaddr.Parse("/ip4/192.168.1.1/tcp/1");
    private static readonly Multiaddr B = Multiaddr.Parse("/ip4/192.168.1.2/tcp/1");

    private readonly ManualTime _time = new();

    [Test]
    public void Note_TellsNewsFromRepetitions()
    {
        MdnsMemory memory = new(_time);
        Assert.That(IsFirst(memory, 1, A, B), Is.True);
        Assert.That(IsFirst(memory, 1, B, A), Is.False, "the order means nothing");
        Assert.That(IsFirst(memory, 1, A), Is.True, "another set");
        Assert.That(IsFirst(memory, 2, A), Is.True, "another peer");
        _time.Advance(MdnsMemory.Lifetime + TimeSpan.FromSeconds(1));
        Assert.That(IsFirst(memory, 1, A), Is.True, "forgotten");
        Assert.That(memory.Count, Is.EqualTo(1));
    }

    [Test]
    public void Note_IsNotDrivenOutByAFlood()
    {
        MdnsMemory memory = new(_time);
        for (int i = 0; i < MdnsMemory.Capacity; i++)
            Assert.That(memory.TryNote(Peer(i), [A], out _), Is.True);
        Assert.That(memory.TryNote(Peer(-1), [A], out _), Is.False);
        Assert.That(memory.TryNote(Peer(0), [A], out bool first), Is.True);
        Assert.That(first, Is.False);
        _time.Advance(MdnsMemory.Lifetime / 2);
        IsFirst(memory, 0, A);
        _time.Advance(MdnsMemory.Lifetime / 2 + TimeSpan.FromSeconds(1));
        Assert.That(IsFirst(memory, -1, A), Is.True);
        Assert.That(memory.Count, Is.EqualTo(2), "the one seen again stays");
    }

    private static bool IsFirst(MdnsMemory memory, int peer, params Multiaddr[] addresses)
    {
        Assert.That(memory.TryNote(Peer(peer), addresses, out bool first), Is.True);
        return first;
    }

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }
}
