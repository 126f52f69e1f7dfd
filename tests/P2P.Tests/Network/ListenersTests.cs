using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Network;

/// <summary>The loop that accepts, over a listener whose accepts fail as the test likes.</summary>
public sealed class ListenersTests
{
    private readonly ConcurrentQueue<ITransportConnection> _accepted = new();
    private readonly ConcurrentQueue<Exception> _deaths = new();
    private ManualTime _time = null!;
    private FailingTransport _transport = null!;
    private Listeners _listeners = null!;

    [SetUp]
    public async Task SetUp()
    {
        _accepted.Clear();
        _deaths.Clear();
        _time = new ManualTime();
        _transport = new FailingTransport();
        _listeners = new Listeners([_transport], OnAccepted, static () => { }, _deaths.Enqueue, _time, NullLogger.Instance);
        await _listeners.BindAsync([Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001")], CancellationToken.None);
        _listeners.Start();
    }

    [TearDown]
    public async Task TearDown()
    {
        await _listeners.DisposeAsync();
        await _transport.DisposeAsync();
    }

    [TestCase(SocketError.NetworkDown)]
    [TestCase(SocketError.NetworkUnreachable)]
    [TestCase(SocketError.HostDown)]
    [TestCase(SocketError.HostUnreachable)]
    [TestCase(SocketError.OperationNotSupported)]
    [TestCase(SocketError.ProtocolOption)]
    [TestCase(SocketError.AccessDenied)]
    [TestCase(SocketError.NoBufferSpaceAvailable)]
    [TestCase(SocketError.TooManyOpenSockets)]
    [TestCase(SocketError.SocketError)]
    public async Task Accept_ThatFails_IsTriedAgain(SocketError error)
    {
        _transport.Fail(error, 3);
        _transport.Come();

        await _time.AdvanceAsync(3 * Listeners.AcceptPause);

        Assert.That(_accepted, Has.Count.EqualTo(1));
        Assert.That(_deaths, Is.Empty);
    }

    [Test]
    public async Task Accepts_ThatNeverSucceed_AreTold()
    {
        _transport.Fail(SocketError.InvalidArgument, Listeners.MaxFailuresInARow);
        await _time.AdvanceAsync(Listeners.MaxFailuresInARow * Listeners.AcceptPause);
        Assert.That(_deaths, Is.Empty);

        _transport.Fail(SocketError.InvalidArgument, 1);
        await ManualTime.SettleAsync();

        Assert.That(_deaths, Has.Count.EqualTo(1).And.All.InstanceOf<SocketException>());
    }

    [Test]
    public async Task Failures_CountOnlyInARow()
    {
        for (int round = 0; round < 2; round++)
        {
            _transport.Fail(SocketError.NetworkDown, Listeners.MaxFailuresInARow);
            _transport.Come();
        }

        await _time.AdvanceAsync(3 * Listeners.MaxFailuresInARow * Listeners.AcceptPause);

        Assert.That(_accepted, Has.Count.EqualTo(2));
        Assert.That(_deaths, Is.Empty);
    }

    [Test]
    public async Task Shortage_MayLast()
    {
        _transport.Fail(SocketError.TooManyOpenSockets, 2 * Listeners.MaxFailuresInARow);
        _transport.Come();

        await _time.AdvanceAsync(2 * Listeners.MaxFailuresInARow * Listeners.AcceptPause);

        Assert.That(_accepted, Has.Count.EqualTo(1));
        Assert.That(_deaths, Is.Empty);
    }

    private bool OnAccepted(ITransportConnection connection)
    {
        _accepted.Enqueue(connection);
        return true;
    }

    private sealed class FailingTransport : ITransport, ITransportListener, ITransportConnection
    {
        private readonly Channel<SocketError> _results = Channel.CreateBounded<SocketError>(1000);

        public Multiaddr Address { get; } = Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001");

        public Stream Stream => Stream.Null;

        public Multiaddr LocalAddress => Address;

        public Multiaddr RemoteAddress => Address;

        /// <summary>Lets the next accepts fail.</summary>
        internal void Fail(SocketError error, int times)
        {
            for (int i = 0; i < times; i++)
                Assert.That(_results.Writer.TryWrite(error), Is.True);
        }

        /// <summary>Lets the next accept succeed.</summary>
        internal void Come() => Fail(SocketError.Success, 1);

        public async ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation)
        {
            SocketError result = await _results.Reader.ReadAsync(cancellation);
            return result == SocketError.Success ? this : throw new SocketException((int)result);
        }

        public bool Handles(Multiaddr address) => true;

        public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation) =>
            ValueTask.FromResult<ITransportListener>(this);

        public ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation) => throw new NotSupportedException();

        public void Abort()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
