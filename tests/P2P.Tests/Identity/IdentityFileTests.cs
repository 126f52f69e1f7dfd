using System.Runtime.Versioning;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Identity;

public sealed class IdentityFileTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>libp2p/specs, peer-ids/peer-ids.md, "Test vectors": Ed25519 private key in protobuf form.</summary>
    private const string SpecificationPrivateKey =
        "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d" +
        "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";

    private string _path = "";

    [SetUp]
    public void NameAFile() => _path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));

    [TearDown]
    public void DeleteIt() => File.Delete(_path);

    [Test]
    public void Identity_LoadsTheSpecificationsPrivateKeyAndDerivesItsPublicKey()
    {
        File.WriteAllBytes(_path, Convert.FromHexString(SpecificationPrivateKey));

        Ed25519KeyPair pair = IdentityFile.LoadOrCreate(_path);

        Assert.That(Convert.ToHexStringLower(pair.PublicKey), Is.EqualTo(SpecificationPrivateKey[^64..]));
    }

    [Test]
    public void Identity_StaysTheSameBetweenLoads_AndOnlyItsOwnerMayReadIt()
    {
        Ed25519KeyPair made = IdentityFile.LoadOrCreate(_path);
        Ed25519KeyPair loaded = IdentityFile.LoadOrCreate(_path);

        Assert.That(loaded.PrivateKey.ToArray(), Is.EqualTo(made.PrivateKey.ToArray()));
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(_path), Is.EqualTo(OwnerOnly));
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win", Reason = "Windows has no file modes")]
    public void Identity_ThatOthersCouldReadIsClosedToThemWhenItIsLoaded()
    {
        Ed25519KeyPair made = IdentityFile.LoadOrCreate(_path);
        File.SetUnixFileMode(_path, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Ed25519KeyPair loaded = IdentityFile.LoadOrCreate(_path);

        Assert.That(loaded.PrivateKey.ToArray(), Is.EqualTo(made.PrivateKey.ToArray()));
        Assert.That(File.GetUnixFileMode(_path), Is.EqualTo(OwnerOnly));
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(67)]
    [TestCase(69)]
    public void Identity_RefusesAFileOfAnotherLengthAndLeavesItAlone(int length)
    {
        byte[] content = Convert.FromHexString(SpecificationPrivateKey + "00")[..length];
        File.WriteAllBytes(_path, content);

        Assert.That(() => IdentityFile.LoadOrCreate(_path), Throws.TypeOf<InvalidDataException>());
        Assert.That(File.ReadAllBytes(_path), Is.EqualTo(content));
    }

    [Test]
    public void Identity_RefusesAKeyWhosePublicPartDoesNotBelongToItsSeed()
    {
        byte[] content = Convert.FromHexString(SpecificationPrivateKey);
        content[^1] ^= 1;
        File.WriteAllBytes(_path, content);

        Assert.That(() => IdentityFile.LoadOrCreate(_path), Throws.TypeOf<InvalidDataException>());
    }
}
