using System.IO.Pipelines;
using NSubstitute;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>One end of a stream in memory.</summary>
internal sealed class PipeStream : PeerStream
{
    private readonly Pipe _in;
    private readonly Pipe _out;

    private PipeStream(PeerId remote, Direction direction, Pipe input, Pipe output)
    {
        Connection = Substitute.For<IPeerConnection>();
        Connection.RemotePeer.Returns(remote);
        (Direction, _in, _out) = (direction, input, output);
    }

    public override IPeerConnection Connection { get; }

    public override Direction Direction { get; }

    /// <summary>Whether whoever had this end is done with it.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>A stream that one peer opened to another, as each of them has it.</summary>
    public static (PipeStream Opener, PipeStream Server) Open(PeerId opener, PeerId server)
    {
        (Pipe there, Pipe back) = (new Pipe(), new Pipe());
        return (new PipeStream(server, Direction.Outbound, back, there), new PipeStream(opener, Direction.Inbound, there, back));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _in.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        FlushResult flushed = await _out.Writer.WriteAsync(buffer, cancellationToken);
        if (flushed.IsCanceled)
            throw new StreamResetException("the stream was reset while it was written to");
    }

    public override ValueTask CloseWriteAsync(CancellationToken cancellation = default) => _out.Writer.CompleteAsync();

    public override void Reset()
    {
        _out.Writer.Complete(new StreamResetException("the stream was reset"));
        _out.Writer.CancelPendingFlush();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Reset();
            _in.Reader.Complete();
        }
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
