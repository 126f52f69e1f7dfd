using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Yamux;

/// <summary>Decides what each frame of the remote means, and whether it may be sent at all.</summary>
/// <remarks>
/// Only what breaks the connection for both sides is a fault. Frames for streams that are not open are ignored, since they may have
/// crossed with the end of the stream; so are ends of what has ended already.
/// </remarks>
internal sealed class YamuxDispatcher(YamuxSession session, YamuxOptions options, TimeProvider time) : IFrameSink
{
    private readonly YamuxRates _rates = new(time);
    private readonly Func<uint, YamuxStream> _create = id => new YamuxStream(session, id, Direction.Inbound);
    private long _seenDataFrames;

    public void OnControl(FrameHeader header)
    {
        switch (header.Type)
        {
            case FrameType.WindowUpdate:
                OnWindowUpdate(header);
                break;
            case FrameType.Ping:
                OnPing(header);
                break;
            case FrameType.GoAway:
                session.OnGoAway(header.Length);
                break;
            default:
                throw new YamuxException($"a frame of type {header.Type} where none can be");
        }
    }

    public YamuxStream? OnData(FrameHeader header)
    {
        // Longer than any window can be: nobody could have been allowed to send it.
        if (header.Length > Math.Max(options.MaxWindow, ReceiveWindow.Initial))
            throw new YamuxException($"a body of {header.Length} bytes");
        if (header.Length == 0)
            TakeBodiless(header);
        YamuxStream? stream = FindOrAccept(header);
        if (stream is null || EndIfReset(stream, header))
            return null;
        if (header.Length == 0)
            return stream;
        if (stream.IsFinishedByRemote)
        {
            stream.Reset();
            return null;
        }
        if (!stream.Receive.TryBeginFrame(header.Length))
            throw new YamuxException("more data than the window allows");
        if (stream.Direction == Direction.Outbound)
            session.OnRemoteReady();
        return stream;
    }

    public void OnBody(YamuxStream stream, ReadOnlySpan<byte> part)
    {
        bool delivered = stream.Receive.Deliver(part, session.RoundTrip, out uint grant);
        if (!delivered)
            session.ResetForMemory(stream);
        else if (grant > 0)
            Send(new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, stream.Id, grant));
    }

    public void OnBodyEnd(YamuxStream stream, FrameFlags flags)
    {
        if (flags.HasFlag(FrameFlags.Fin))
            stream.OnRemoteFinish();
    }

    public TimeSpan OnReadEnd()
    {
        session.Writer.Flush(inline: true);
        return _rates.Opened.Debt();
    }

    private void OnWindowUpdate(FrameHeader header)
    {
        TakeBodiless(header);
        YamuxStream? stream = FindOrAccept(header);
        // The length of a reset may be an error code: it grants nothing.
        if (stream is null || EndIfReset(stream, header))
            return;
        if (header.Length > 0 && !session.Writer.AddWindow(stream.Send, header.Length))
            throw new YamuxException("a window of more than 2^32 bytes");
        OnBodyEnd(stream, header.Flags);
    }

    private void OnPing(FrameHeader header)
    {
        if (header.StreamId != 0)
            throw new YamuxException("a ping for a stream");
        if (!_rates.Pings.TryTake())
            throw new YamuxException("pings without end");
        if (header.Flags == FrameFlags.Syn)
            Send(header with { Flags = FrameFlags.Ack });
        else if (header.Flags == FrameFlags.Ack)
            session.Pings.OnAnswer(header.Length);
        else
            throw new YamuxException($"a ping with flags {(int)header.Flags}");
    }

    private YamuxStream? FindOrAccept(FrameHeader header)
    {
        if (header.StreamId == 0)
            throw new YamuxException("a stream's frame for the session");
        if (header.Flags.HasFlag(FrameFlags.Syn))
            return Accept(header.StreamId);
        if (!session.Streams.TryFind(header.StreamId, out YamuxStream? stream))
            return null;
        // Whatever comes on a stream shows that the remote has taken it.
        stream.OnAcknowledged();
        return stream;
    }

    private YamuxStream? Accept(uint id)
    {
        if (!session.Streams.IsInbound(id))
            throw new YamuxException($"a new stream of number {id}, which is for us to give");
        // Above its rate the remote goes into debt, for which OnReadEnd makes it wait.
        _rates.Opened.TryTake();
        switch (session.Streams.AddInbound(id, _create, out YamuxStream? stream))
        {
            case StreamTable.Added.Duplicate:
                throw new YamuxException($"stream {id} opened twice");
            case StreamTable.Added.Full:
                Refuse(id);
                return null;
            case StreamTable.Added.Closed:
                return null;
        }
        _rates.Bodiless.Add(YamuxRates.BodilessPerStream);
        P2PMetrics.StreamsOpened.Add(1);
        Send(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Ack, id, 0));
        session.OnRemoteReady();
        session.OnAccepted(stream!);
        return stream;
    }

    private void Refuse(uint id)
    {
        if (!_rates.Refused.TryTake())
            throw new YamuxException("streams opened far over the limit");
        Send(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Rst, id, 0));
    }

    private bool EndIfReset(YamuxStream stream, FrameHeader header)
    {
        if (!header.Flags.HasFlag(FrameFlags.Rst))
            return false;
        if (stream.Direction == Direction.Inbound && !_rates.Reset.TryTake())
            throw new YamuxException("streams opened and reset without end");
        stream.OnRemoteReset();
        return true;
    }

    private void TakeBodiless(FrameHeader header)
    {
        if (header.Flags.HasFlag(FrameFlags.Syn))
            return;
        long sent = session.Writer.DataFrames + (YamuxRates.BodilessPerStream * session.OutboundStreams);
        _rates.Bodiless.Add((int)Math.Min(int.MaxValue, sent - _seenDataFrames));
        _seenDataFrames = sent;
        if (!_rates.Bodiless.TryTake())
            throw new YamuxException("frames without data without end");
    }

    private void Send(FrameHeader header)
    {
        if (!session.Writer.AddControl(header))
            throw new YamuxException("nothing is read of what we send");
    }
}
