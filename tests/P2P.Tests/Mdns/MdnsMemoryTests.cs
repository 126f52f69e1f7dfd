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
    public void Note_OfAPeerThatKeepsAnnouncingItselfIsNotDrivenOutByAFlood()
    {
        MdnsMemory memory = new(_time);
        IsFirst(memory, -1, A);
        _time.Advance(MdnsMemory.Confirmation);
        Assert.That(IsFirst(memory, -1, A), Is.False);
        for (int i = 0; i < 2 * MdnsMemory.Capacity; i++)
            Assert.That(IsFirst(memory, i, A), Is.True);

        Assert.That(memory.Count, Is.EqualTo(MdnsMemory.Capacity));
        Assert.That(IsFirst(memory, -1, A), Is.False);
    }

    [Test]
    public void Note_OfANewcomerTakesThePlaceOfOneThatWasHeardOnce()
    {
        MdnsMemory memory = new(_time);
        for (int i = 0; i < MdnsMemory.Capacity; i++)
        {
            IsFirst(memory, i, A);
            Assert.That(IsFirst(memory, i, A), Is.False, "the same announcement over another interface");
        }

        Assert.That(IsFirst(memory, -1, A), Is.True);

        Assert.That(memory.Count, Is.EqualTo(MdnsMemory.Capacity));
        Assert.That(IsFirst(memory, 1, A), Is.False);
        Assert.That(IsFirst(memory, 0, A), Is.True, "the oldest made room");
    }

    [Test]
    public void Note_OfANewcomerWaitsWhileAllAreHeardAgainAndAgain()
    {
        MdnsMemory memory = new(_time);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < MdnsMemory.Capacity; i++)
                IsFirst(memory, i, A);
            _time.Advance(MdnsMemory.Lifetime / 2);
        }
        Assert.That(memory.TryNote(Peer(-1), [A], out _), Is.False);

        IsFirst(memory, 0, A);
        _time.Advance(MdnsMemory.Lifetime / 2 + TimeSpan.FromSeconds(1));

        Assert.That(IsFirst(memory, -1, A), Is.True);
        Assert.That(memory.Count, Is.EqualTo(2), "the one heard since stays");
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
