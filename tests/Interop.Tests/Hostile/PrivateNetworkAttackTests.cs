using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Peers without the key of a private network.</summary>
internal sealed class PrivateNetworkAttackTests : HostileTests
{
    private static readonly PreSharedKey Key = PreSharedKey.FromBytes([.. Enumerable.Range(0, PreSharedKey.Size).Select(i => (byte)i)]);

    private static IEnumerable<TestCaseData> Openings()
    {
        yield return Case("nothing", []);
        yield return Case("23 bytes of a nonce", new byte[23]);
        yield return Case("a nonce and nothing", new byte[24]);
        yield return Case("a nonce and zeros", new byte[4096]);
        yield return Case("a nonce and plain multistream", [.. new byte[24], .. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/noise")]);
        yield return Case("plain multistream", [.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/noise")]);

        static TestCaseData Case(string name, byte[] bytes) => new TestCaseData(bytes).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Openings))]
    public async Task Opening_WithoutTheKey_IsCutOff(byte[] bytes)
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);

        await socket.SendAsync(bytes);

        await socket.UntilClosedAsync();
    }

    [Test]
    public async Task Opening_TellsNothingButANonce()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await socket.SendAsync(new byte[24]);

        byte[] nonce = await socket.ReadExactlyAsync(24);

        Assert.That(nonce.Distinct().Count(), Is.GreaterThan(1));
        await socket.UntilClosedAsync();
    }

    protected override HostOptions Configure(HostOptions options) => options with { PreSharedKey = Key };
}
