using System.Text;
using P2PMiner.P2P.Negotiation;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Negotiation;

public sealed class MultistreamSelectTests
{
    private const string Header = "\u0013/multistream/1.0.0\n";

    [TestCase("/b")]
    [TestCase("/x", "/y", "/b", "/a")]
    public async Task Select_AgreesOnTheFirstProposalThatIsServed(params string[] proposals)
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();

        Task<string> handled = MultistreamSelect.HandleAsync(listener, static id => id is "/a" or "/b", null, default).InTime();
        string selected = await MultistreamSelect.SelectAsync(dialer, proposals, default).InTime();

        Assert.That(selected, Is.EqualTo("/b"));
        Assert.That(await handled, Is.EqualTo("/b"));
    }

    [Test]
    public async Task Select_LeavesTheStreamUsableForOtherProposalsWhenNoneIsServed()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        Task<string> handled = MultistreamSelect.HandleAsync(listener, static id => id == "/a", null, default).InTime();

        Assert.That(
            async () => await MultistreamSelect.SelectAsync(dialer, ["/x", "/y"], default).InTime(),
            Throws.TypeOf<UnsupportedProtocolException>().With.Message.Contains("/x, /y"));

        Assert.That(await MultistreamSelect.SelectAsync(dialer, ["/z", "/a"], default).InTime(), Is.EqualTo("/a"));
        Assert.That(await handled, Is.EqualTo("/a"));
    }

    [Test]
    public async Task Dialer_SendsHeaderAndFirstProposalBeforeItReadsAnything()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();

        _ = MultistreamSelect.SelectAsync(dialer, ["/a"], default).AsTask();

        Assert.That(await ReadTextAsync(listener, Header.Length + 4), Is.EqualTo(Header + "\u0003/a\n"));
    }

    [Test]
    public async Task Listener_SendsItsHeaderToADialerThatWaitsForIt()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        Task<string> handled = MultistreamSelect.HandleAsync(listener, static _ => true, null, default).InTime();

        await dialer.WriteAsync(Encoding.UTF8.GetBytes(Header));
        Assert.That(await ReadTextAsync(dialer, Header.Length), Is.EqualTo(Header));
        await dialer.WriteAsync(Encoding.UTF8.GetBytes("\u0003/a\n"));

        Assert.That(await handled, Is.EqualTo("/a"));
        Assert.That(await ReadTextAsync(dialer, 4), Is.EqualTo("\u0003/a\n"));
    }

    [Test]
    public async Task Listener_LeavesDataThatFollowsTheProposalToTheProtocol()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();

        await dialer.WriteAsync(Encoding.UTF8.GetBytes(Header + "\u0003/a\ndata"));
        await MultistreamSelect.HandleAsync(listener, static _ => true, null, default).InTime();

        Assert.That(await ReadTextAsync(listener, 4), Is.EqualTo("data"));
    }

    [Test]
    public async Task Listener_ListsWhatItServes()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        Task<string> handled = MultistreamSelect.HandleAsync(listener, static id => id == "/a", static () => ["/a", "/bc"], default).InTime();

        await dialer.WriteAsync(Encoding.UTF8.GetBytes(Header + "\u0003ls\n\u0003/a\n"));

        Assert.That(await handled, Is.EqualTo("/a"));
        Assert.That(await ReadTextAsync(dialer, Header.Length + 15), Is.EqualTo(Header + "\u000a\u0003/a\n\u0004/bc\n\n" + "\u0003/a\n"));
    }

    [Test]
    public async Task Listener_ListsNoMoreThanFitsIntoAMessage_AndNothingWhereListingIsOff()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        string[] many = [.. Enumerable.Range(0, 1000).Select(static i => $"/protocol/{i}")];
        _ = MultistreamSelect.HandleAsync(listener, static id => false, () => many, default).AsTask();
        await dialer.WriteAsync(Encoding.UTF8.GetBytes(Header + "\u0003ls\n"));

        Assert.That(await ReadTextAsync(dialer, Header.Length), Is.EqualTo(Header));
        string list = await MultistreamMessage.ReadAsync(dialer, default).InTime();

        Assert.That(list, Has.Length.InRange(MultistreamMessage.MaxLength - 32, MultistreamMessage.MaxLength - 1));
        Assert.That(list, Does.EndWith("\n"));

        (dialer, listener) = MemoryDuplex.CreatePair();
        _ = MultistreamSelect.HandleAsync(listener, static id => false, null, default).AsTask();
        await dialer.WriteAsync(Encoding.UTF8.GetBytes(Header + "\u0003ls\n"));
        Assert.That(await ReadTextAsync(dialer, Header.Length + 4), Is.EqualTo(Header + "\u0003na\n"));
    }

    [Test]
    public async Task Negotiation_EndsWithItsCancellation()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        using CancellationTokenSource stop = new();
        Task<string> selected = MultistreamSelect.SelectAsync(dialer, ["/a"], stop.Token).InTime();
        Task<string> handled = MultistreamSelect.HandleAsync(listener, static _ => false, null, stop.Token).InTime();

        await stop.CancelAsync();

        Assert.That(async () => await selected, Throws.InstanceOf<OperationCanceledException>().Or.TypeOf<UnsupportedProtocolException>());
        Assert.That(async () => await handled, Throws.InstanceOf<OperationCanceledException>());
    }

    private static async Task<string> ReadTextAsync(Stream stream, int length)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes).InTime();
        return Encoding.UTF8.GetString(bytes);
    }
}
