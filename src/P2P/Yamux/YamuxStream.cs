using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>One stream of a session. Its two halves are <see cref="SendSide"/> and <see cref="ReceiveSide"/>; here is how it ends.</summary>
internal sealed class YamuxStream : PeerStream
{
    private const int FinishedByUs = 1;
    private const int FinishedByRemote = 2;
    private const int Finished = FinishedByUs | FinishedByRemote;
    private const int Failed = 4;
    private const int Acknowledged = 8;

    private readonly YamuxSession _session;
    private int _state;

    internal YamuxStream(YamuxSession session, uint id, Direction direction)
    {
        _session = session;
        Id = id;
        Direction = direction;
        Send = new SendSide(session.Writer, id);
        Receive = session.NewReceiveSide();
        _state = direction == Direction.Inbound ? Acknowledged : 0;
    }

    public override IPeerConnection Connection => _session.Connection;

    public override Direction Direction { get; }

    public override bool RunsInline
    {
        get => Send.IsInline;
        set => Send.IsInline = Receive.IsInline = value;
    }

    internal uint Id { get; }

    internal SendSide Send { get; }

    internal ReceiveSide Receive { get; }

    internal bool IsFinishedByRemote => (Volatile.Read(ref _state) & FinishedByRemote) != 0;

    /// <summary>True if nothing can come or go on it any more.</summary>
    internal bool IsOver => IsOverIn(Volatile.Read(ref _state));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> reading = Receive.ReadAsync(buffer, _session.RoundTrip, out uint grant, cancellationToken);
        if (grant > 0)
            _session.SendControl(new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, Id, grant));
        return reading;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _session.Writer.WriteAsync(Send, buffer, cancellationToken);

    public override ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        _session.Writer.Finish(Send);
        Enter(FinishedByUs);
        return ValueTask.CompletedTask;
    }

    public override void Reset()
    {
        if (!Enter(Failed))
            return;
        EndHalves("the stream was reset here");
        _session.SendControl(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, Id, 0));
    }

    internal void OnAcknowledged()
    {
        if ((Interlocked.Or(ref _state, Acknowledged) & Acknowledged) == 0)
            _session.OnAcknowledged();
    }

    internal void OnRemoteFinish()
    {
        // Before the reader wakes: one that disposes of the stream at once would reset it, and the reset overtakes what is not sent yet.
        Enter(FinishedByRemote);
        Receive.Finish();
    }

    internal void OnRemoteReset()
    {
        if (!Enter(Failed))
            return;
        YamuxFailure failure = new("the remote reset the stream");
        Receive.FailFromRemote(failure);
        _session.Writer.Fail(Send, failure);
    }

    internal void OnConnectionEnded(YamuxFailure failure)
    {
        Enter(Failed);
        Receive.FailAfterUnread(failure);
        _session.Writer.Fail(Send, failure);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Reset();
            EndHalves("the stream was disposed");
        }
        base.Dispose(disposing);
    }

    private void EndHalves(string message)
    {
        YamuxFailure failure = new(message);
        Receive.Discard(failure);
        _session.Writer.Fail(Send, failure);
    }

    /// <summary>Goes one step further to the end; false if the stream was over before.</summary>
    private bool Enter(int step)
    {
        int before = Interlocked.Or(ref _state, step);
        if (IsOverIn(before))
            return false;
        if (IsOverIn(before | step))
        {
            OnAcknowledged();
            _session.Forget(this);
        }
        return true;
    }

    private static bool IsOverIn(int state) => (state & Failed) != 0 || (state & Finished) == Finished;
}
