using Google.Protobuf;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ChainServerTests
{
    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly ChainServer _server;

    public ChainServerTests() => _server = new ChainServer(_tree, _ => true, TimeProvider.System);

    [Test]
    public void Links_AreGivenByLocatorByHeightAndById()
    {
        TestChain.Grow(_tree, 600);
        Link side = TestChain.Extend(_tree, _tree.AtHeight(5)!, extraNonce: 7);

        ChainPage after = _server.Answer(new ChainRequest { After = new After { Ids = { Id(side), Id(_tree.AtHeight(5)!), Id(_tree.Root) } } });
        Assert.That(Heights(after), Is.EqualTo(Enumerable.Range(6, ChainProtocol.MaxLinks)));
        Assert.That(ChainProtocol.ReadTip(after), Is.EqualTo(new ChainTip(600, _tree.Tip.Id, _tree.Tip.CumulativeDifficulty)));

        ChainPage height = _server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = 598, Count = 10 } });
        Assert.That(Heights(height), Is.EqualTo(new[] { 598, 599, 600 }));
        Assert.That(Heights(_server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = 601 } })), Is.Empty);
        Assert.That(Heights(_server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = ulong.MaxValue } })), Is.Empty);

        ChainPage ids = _server.Answer(new ChainRequest { WithIds = new WithIds { Ids = { Id(side), ByteString.CopyFrom(new byte[32]) } } });
        Assert.That(ChainProtocol.Read(ids).Single().Id, Is.EqualTo(side.Id));
    }

    [Test]
    public void Request_OfNoUse_BreaksTheProtocol()
    {
        Assert.That(() => _server.Answer(new ChainRequest()), Throws.TypeOf<ProtocolException>());
        Assert.That(() => _server.Answer(new ChainRequest { After = new After { Ids = { ByteString.CopyFrom(new byte[31]) } } }), Throws.TypeOf<ProtocolException>());
        After many = new();
        many.Ids.Add(Enumerable.Repeat(ByteString.CopyFrom(new byte[32]), ChainProtocol.MaxIds + 1));
        Assert.That(() => _server.Answer(new ChainRequest { After = many }), Throws.TypeOf<ProtocolException>());
    }

    [Test]
    public void Page_WhoseLinksDoNotFollowEachOther_BreaksTheProtocol()
    {
        TestChain.Grow(_tree, 5);
        ChainPage page = _server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = 1 } });
        page.Shares.RemoveAt(2);
        Assert.That(() => ChainProtocol.Read(page), Throws.TypeOf<ProtocolException>());
    }

    [Test]
    public async Task Requests_DamagedInAnyWay_AreAnsweredWithinBoundsOrRefused()
    {
        TestChain.Grow(_tree, 300);
        byte[][] originals =
        [
            new ChainRequest { After = new After { Ids = { Id(_tree.Tip), Id(_tree.Root) } } }.ToByteArray(),
            new ChainRequest { AtHeight = new AtHeight { Height = 3, Count = 2 } }.ToByteArray(),
            new ChainRequest { WithIds = new WithIds { Ids = { Id(_tree.Tip) } } }.ToByteArray(),
        ];
        Random random = new(20261121);
        int answered = 0;
        for (int i = 0; i < 3000; i++)
        {
            if (await ReadAsync(Framed(Mutation.Of(originals[i % 3], random)), ChainProtocol.Requests, ChainProtocol.MaxRequestSize) is not ChainRequest request)
                continue;
            try
            {
                Assert.That(_server.Answer(request).CalculateSize(), Is.LessThan(ChainProtocol.MaxAnswerSize));
                answered++;
            }
            catch (ProtocolException)
            {
                // The answer to a bad request.
            }
        }
        Assert.That(answered, Is.Positive);
    }

    [Test]
    public async Task Pages_DamagedInAnyWay_AreReadOrRefused()
    {
        TestChain.Grow(_tree, 10);
        ChainPage sound = _server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = 1 } });
        sound.Root = OldChain.RootOf(_tree.AtHeight(3)!);
        byte[] original = sound.ToByteArray();
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            if (await ReadAsync(Framed(Mutation.Of(original, random)), ChainProtocol.Pages, ChainProtocol.MaxAnswerSize) is not ChainPage page)
                continue;
            try
            {
                ChainProtocol.ReadTip(page);
                if (page.Root is not null)
                    Assert.That(OldChain.ReadRoot(page.Root).ChildDifficulty, Is.InRange(LinkDifficulty.Minimum, LinkDifficulty.Maximum));
                Assert.That(ChainProtocol.Read(page), Has.Count.LessThanOrEqualTo(ChainProtocol.MaxLinks));
            }
            catch (ProtocolException)
            {
                // The answer to a bad page.
            }
        }
    }

    [TestCase(new byte[] { 0xff, 0xff, 0xff, 0x7f })]
    [TestCase(new byte[] { 0xff, 0xff, 0xff, 0xff, 0x01 })]
    [TestCase(new byte[] { 0x05, 0x00 })]
    [TestCase(new byte[] { 0x80 })]
    public async Task Frame_TooLongOrCut_IsRefused(byte[] bytes) =>
        Assert.That(await ReadAsync(bytes, ChainProtocol.Requests, ChainProtocol.MaxRequestSize), Is.Null);

    private static byte[] Framed(byte[] message)
    {
        using MemoryStream stream = new();
        using CodedOutputStream output = new(stream);
        output.WriteBytes(ByteString.CopyFrom(message));
        output.Flush();
        return stream.ToArray();
    }

    /// <summary>Null for what is refused in one of the ways that callers expect.</summary>
    private static async Task<T?> ReadAsync<T>(byte[] bytes, MessageParser<T> parser, int maxSize)
        where T : class, IMessage<T>
    {
        try
        {
            using MemoryStream stream = new(bytes);
            return await Frames.ReadAsync(stream, parser, maxSize, CancellationToken.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static ByteString Id(Link link) => ChainProtocol.ToBytes(link.Id);

    private static int[] Heights(ChainPage page) => [.. ChainProtocol.Read(page).Select(share => (int)share.Header.Height)];
}
