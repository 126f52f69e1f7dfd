using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Peers that break the DHT's protocol, or store what is not theirs.</summary>
internal sealed class DhtAttackTests() : ScriptedVictimTests()
{
    private const string Kad = "/p2p-miner/kad/1.0.0";
    private const ulong PutValue = 0;
    private const ulong AddProvider = 2;
    private const ulong FindNode = 4;

    private readonly Ed25519KeyPair _key = Ed25519KeyPair.Generate();

    private static IEnumerable<TestCaseData> ResettingRequests()
    {
        byte[] key = "/test/attack"u8.ToArray();
        yield return Case("a PUT without record", Request(PutValue, key));
        yield return Case("a PUT with an empty record", [.. Request(PutValue, key), .. Proto.Bytes(3, [])]);
        yield return Case("a PUT whose record has another key", [.. Request(PutValue, key), .. Record("/test/other"u8, [1])]);
        yield return Case("a PUT of an unknown namespace", [.. Request(PutValue, "/nobody/x"u8), .. Record("/nobody/x"u8, [1])]);
        yield return Case("a PUT without namespace", [.. Request(PutValue, "x"u8), .. Record("x"u8, [1])]);
        yield return Case("a PUT of an invalid value", [.. Request(PutValue, key), .. Record(key, [0xff])]);
        yield return Case("a PUT with a record that is none", [.. Request(PutValue, key), .. Proto.Bytes(3, [0xff, 0xff])]);
        yield return Case("bytes that are no protobuf", [0xff, 0xff, 0xff]);
        yield return Case("a type that nobody knows", [.. Proto.Number(1, 77), .. Proto.Bytes(2, key)]);
        yield return Case("an ADD_PROVIDER for no multihash", [.. Request(AddProvider, [1, 2, 3]), .. Proto.Bytes(9, Proto.Bytes(1, [1]))]);

        static TestCaseData Case(string name, byte[] message) => new TestCaseData(Proto.Delimited(message)).SetArgDisplayNames(name);
    }

    [Test]
    public async Task Request_ThatIsRight_IsAnswered_AlsoManyOnOneStream()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Kad);

        for (int i = 0; i < 50; i++)
        {
            await stream.SendAsync(Proto.Delimited(Request(FindNode, RandomNumberGenerator.GetBytes(38))));
            byte[] answer = await stream.ReadDelimitedAsync();
            Assert.That(answer.AsSpan(0, 2).ToArray(), Is.EqualTo(Proto.Number(1, FindNode)));
        }
    }

    [TestCaseSource(nameof(ResettingRequests))]
    public async Task Request_ThatIsWrong_ResetsTheStreamOnly(byte[] bytes)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Kad);

        await stream.SendAsync(bytes);

        await stream.UntilResetAsync();
        await session.PingAsync();
    }

    [TestCase(5UL << 20)]
    [TestCase(ulong.MaxValue)]
    public async Task Request_ThatClaimsToBeHuge_ResetsTheStreamOnly(ulong length)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Kad);

        await stream.SendAsync(RawSocket.Varint(length));

        await stream.UntilResetAsync();
        await session.PingAsync();
    }

    [Test]
    public async Task Provider_ThatIsAnother_IsNotStored()
    {
        byte[] multihash = [0x12, 0x20, .. SHA256.HashData("not theirs"u8)];
        byte[] other = Ed25519KeyPair.Generate().ToPublicKey().ToPeerId().Bytes.ToArray();
        byte[] address = [4, 127, 0, 0, 1, 6, 0x1f, 0x90];
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Kad);

        await stream.SendAsync(Proto.Delimited(
            [.. Request(AddProvider, multihash), .. Proto.Bytes(9, [.. Proto.Bytes(1, other), .. Proto.Bytes(2, address)])]));
        await session.PingAsync();

        JsonElement found = await Friend.CallAsync("findProviders", new { multihash = Convert.ToHexStringLower(multihash) });
        Assert.That(found.Items("providers"), Is.Empty);
    }

    [Test]
    public async Task Values_OfOnePeer_DoNotDriveOutTheOthers()
    {
        await Friend.CallAsync("putValue", new { key = "/test/keep", value = "01" });
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Kad);
        for (int i = 0; i < 2000 && !stream.IsReset && !session.IsClosed; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"/test/flood {i}");
            await stream.SendPacedAsync(Proto.Delimited([.. Request(PutValue, key), .. Record(key, new byte[1000])]));
        }

        Assert.That((await Friend.CallAsync("getValue", new { key = "/test/keep" })).Text("value"), Is.EqualTo("01"));
    }

    private static byte[] Request(ulong type, ReadOnlySpan<byte> key) => [.. Proto.Number(1, type), .. Proto.Bytes(2, key)];

    private static byte[] Record(ReadOnlySpan<byte> key, byte[] value) => Proto.Bytes(3, [.. Proto.Bytes(1, key), .. Proto.Bytes(2, value)]);
}
