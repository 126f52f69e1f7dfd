using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Identity;

public sealed class PeerIdTests
{
    /// <summary>libp2p/specs, peer-ids/peer-ids.md, "Test vectors": Ed25519 private key in protobuf form.</summary>
    private const string SpecificationPrivateKey =
        "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d" +
        "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";

    [Test]
    public void Identity_LoadsTheSpecificationsPrivateKeyAndDerivesItsPublicKey()
    {
        using TemporaryFile file = new(Convert.FromHexString(SpecificationPrivateKey));

        Ed25519KeyPair pair = IdentityFile.LoadOrCreate(file.Path);

        Assert.That(Convert.ToHexStringLower(pair.PublicKey), Is.EqualTo(SpecificationPrivateKey[^64..]));
    }

    [Test]
    public void PeerId_OfAnEd25519KeyIsItsIdentityMultihashInBase58()
    {
        PeerId id = PeerId.FromEd25519(Convert.FromHexString(SpecificationPrivateKey[^64..]));

        Assert.That(Convert.ToHexStringLower(id.Bytes), Is.EqualTo("0024" + "08011220" + SpecificationPrivateKey[^64..]));
        Assert.That(id.ToString(), Does.StartWith("12D3KooW"));
    }

    [Test]
    public void Identity_StaysTheSameBetweenLoads_AndOnlyItsOwnerMayReadIt()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        try
        {
            Ed25519KeyPair made = IdentityFile.LoadOrCreate(path);
            Ed25519KeyPair loaded = IdentityFile.LoadOrCreate(path);

            Assert.That(loaded.PrivateKey.ToArray(), Is.EqualTo(made.PrivateKey.ToArray()));
            if (!OperatingSystem.IsWindows())
                Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(67)]
    [TestCase(69)]
    public void Identity_RefusesAFileOfAnotherLengthAndLeavesItAlone(int length)
    {
        byte[] content = Convert.FromHexString(SpecificationPrivateKey + "00")[..length];
        using TemporaryFile file = new(content);

        Assert.That(() => IdentityFile.LoadOrCreate(file.Path), Throws.TypeOf<InvalidDataException>());
        Assert.That(File.ReadAllBytes(file.Path), Is.EqualTo(content));
    }

    [Test]
    public void Identity_RefusesAKeyWhosePublicPartDoesNotBelongToItsSeed()
    {
        byte[] content = Convert.FromHexString(SpecificationPrivateKey);
        content[^1] ^= 1;
        using TemporaryFile file = new(content);

        Assert.That(() => IdentityFile.LoadOrCreate(file.Path), Throws.TypeOf<InvalidDataException>());
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(byte[] content) => File.WriteAllBytes(Path, content);

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), Guid.NewGuid().ToString("N"));

        public void Dispose() => File.Delete(Path);
    }
}
