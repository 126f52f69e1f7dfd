namespace P2PMiner.Node.ShareChain;

/// <summary>Takes one record's payload; false when it is of no use (it cannot be read, or does not fit the ones before).</summary>
internal delegate bool RecordReader(ReadOnlySpan<byte> payload);

/// <summary>
/// What is still good in a log. Records are read in order; where one is damaged, the next good one is looked for byte by
/// byte. Bytes behind the last good record are a torn tail, as a killed process leaves it; bytes or useless records
/// before it are damage.
/// </summary>
internal sealed class LogRecovery
{
    private LogRecovery(List<Range> kept, int end, int lostBytes)
    {
        Kept = kept;
        End = end;
        LostBytes = lostBytes;
    }

    /// <summary>Where the payloads lie that the reader took.</summary>
    public IReadOnlyList<Range> Kept { get; }

    /// <summary>Where the last good record ends; the rest is a torn tail.</summary>
    public int End { get; }

    /// <summary>Bytes before <see cref="End"/> that are damaged or of no use.</summary>
    public int LostBytes { get; }

    /// <param name="file">A log's content.</param>
    /// <param name="start">Where records begin.</param>
    /// <param name="reader">Called for every good record, in order.</param>
    public static LogRecovery Read(ReadOnlySpan<byte> file, int start, RecordReader reader)
    {
        var kept = new List<Range>();
        int end = start;
        int lost = 0;
        for (int offset = start; offset < file.Length;)
        {
            if (!LogFormat.TryReadRecord(file[offset..], out ReadOnlySpan<byte> payload))
            {
                offset++;
                continue;
            }
            lost += offset - end;
            end = offset + payload.Length + LogFormat.RecordOverhead;
            int payloadOffset = offset + sizeof(uint);
            if (reader(payload))
                kept.Add(payloadOffset..(payloadOffset + payload.Length));
            else
                lost += end - offset;
            offset = end;
        }
        return new LogRecovery(kept, end, lost);
    }
}
