using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Network;

public sealed class PeerStoreTests
{
    private static readonly Ed25519KeyPair Key = Ed25519KeyPair.FromSeed(new byte[32]);
    private static readonly PeerId Peer = Key.ToPublicKey().ToPeerId();
    private static readonly Multiaddr A = Multiaddr.Parse("/ip4/10.0.0.1/tcp/1");
    private static readonly Multiaddr B = Multiaddr.Parse("/ip4/10.0.0.2/tcp/1");

    private readonly ManualTime _time = new();
    private PeerStore _store = null!;

    [SetUp]
    public void SetUp() => _store = new PeerStore(_time);

    [Test]
    public void Addresses_ExpireUnlessThePeerIsConnected()
    {
        _store.AddAddresses(Peer, [A.WithPeer(Peer)], TimeSpan.FromMinutes(10));
        Assert.That(_store.Addresses(Peer), Is.EqualTo(new[] { A }));

        _store.SetConnected(Peer, connected: true);
        _time.Advance(TimeSpan.FromHours(5));
        Assert.That(_store.Addresses(Peer), Is.EqualTo(new[] { A }));
        _store.SetConnected(Peer, connected: false);
        _time.Advance(PeerStore.IdentifiedLifetime - TimeSpan.FromSeconds(1));
        Assert.That(_store.Addresses(Peer), Is.EqualTo(new[] { A }));
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.That(_store.Addresses(Peer), Is.Empty);
    }

    [Test]
    public void Records_AreTakenInOrderAndCertifyTheirAddresses()
    {
        _store.AddAddresses(Peer, [A], TimeSpan.FromHours(1));
        byte[] second = new PeerRecord(Peer, 2, [B]).Sign(Key);

        Assert.That(_store.TryAddRecord(Verified(second), second, TimeSpan.FromHours(1)), Is.True);
        Assert.That(_store.Find(Peer)!.Addresses.Select(known => (known.Address, known.IsCertified)), Is.EqualTo(new[] { (B, true), (A, false) }));
        byte[] first = new PeerRecord(Peer, 1, [A]).Sign(Key);
        Assert.That(_store.TryAddRecord(Verified(first), first, TimeSpan.FromHours(1)), Is.False);
        byte[] third = new PeerRecord(Peer, 3, [A]).Sign(Key);
        Assert.That(_store.TryAddRecord(Verified(third), third, TimeSpan.FromHours(1)), Is.True);

        Assert.That(_store.Addresses(Peer), Is.EqualTo(new[] { A }), "what the newer record does not name is gone");
        Assert.That(_store.SignedRecord(Peer)!.Value.ToArray(), Is.EqualTo(third));
    }

    [Test]
    public void Store_KeepsABoundedNumberOfPeersAndAddresses()
    {
        _store.AddAddresses(Peer, [A], TimeSpan.FromMinutes(1));
        _store.SetConnected(Peer, connected: true);
        for (int i = 0; i < PeerStore.MaxPeers + 50; i++)
            _store.AddAddresses(PeerOf(i), [A], TimeSpan.FromHours(1) + TimeSpan.FromSeconds(i));
        for (int i = 0; i < 100; i++)
            _store.AddAddresses(Peer, [Multiaddr.Parse($"/ip4/10.1.1.{i}/tcp/1")], TimeSpan.FromHours(1));

        Assert.That(_store.Count, Is.EqualTo(PeerStore.MaxPeers));
        Assert.That(_store.Addresses(Peer), Has.Count.EqualTo(PeerStore.MaxAddresses), "the connected peer stays");
        Assert.That(_store.Addresses(PeerOf(0)), Is.Empty, "the one that would have ended first is gone");
    }

    [Test]
    public void Store_ForgetsWhatHasExpired()
    {
        for (int i = 0; i < 100; i++)
            _store.AddAddresses(PeerOf(i), [A], TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromHours(1));

        _store.AddAddresses(Peer, [A], TimeSpan.FromMinutes(1));

        Assert.That(_store.Count, Is.EqualTo(1));
    }

    [Test]
    public void CertifiedAddresses_AreNotDrivenOutByOthers()
    {
        byte[] record = new PeerRecord(Peer, 1, [A, B]).Sign(Key);
        _store.TryAddRecord(Verified(record), record, TimeSpan.FromMinutes(1));
        for (int i = 0; i < 100; i++)
            _store.AddAddresses(Peer, [Multiaddr.Parse($"/ip4/10.1.1.{i}/tcp/1")], TimeSpan.FromHours(1));

        Assert.That(_store.Addresses(Peer).Take(2), Is.EquivalentTo(new[] { A, B }));
    }

    [Test]
    public void Snapshot_ComesBackWithItsCertificates()
    {
        byte[] record = new PeerRecord(Peer, 7, [A]).Sign(Key);
        _store.TryAddRecord(Verified(record), record, TimeSpan.FromHours(1));
        _store.AddAddresses(Peer, [B], TimeSpan.FromHours(1));
        PeerStore restored = new(_time);

        restored.Restore(_store.Snapshot());

        Assert.That(restored.Find(Peer)!.Addresses.Select(known => (known.Address, known.IsCertified)), Is.EqualTo(new[] { (A, true), (B, false) }));
        Assert.That(restored.TryAddRecord(Verified(record), record, TimeSpan.FromHours(1)), Is.False);
    }

    private static PeerRecord Verified(byte[] envelope) =>
        PeerRecord.TryVerify(envelope, out PeerRecord? record) ? record : throw new InvalidDataException();

    private static PeerId PeerOf(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number + 1);
        return PeerId.FromEd25519(key);
    }
}
