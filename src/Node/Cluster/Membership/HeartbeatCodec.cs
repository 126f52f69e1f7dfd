using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Collections;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Jobs;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>Heartbeats in bytes (Proto/heartbeat.proto), and the bounds within which one is believed to be one.</summary>
internal static class HeartbeatCodec
{
    /// <summary>The longest heartbeat, in bytes; a common one has about 250.</summary>
    public const int MaxSize = 2048;

    /// <summary>A node holds datasets of this epoch and the next.</summary>
    public const int MaxDatasetKeys = 4;

    /// <summary>As many as a node remembers of jobs (<see cref="KnownKeys.Capacity"/>), and as many of links.</summary>
    public const int MaxKnownKeys = 2 * KnownKeys.Capacity;

    /// <summary>In UTF-16 units.</summary>
    public const int MaxNameLength = 32;

    /// <summary>More are left out: they only serve to draw the cluster.</summary>
    public const int MaxNeighbours = 32;

    private const int MaxVersionLength = 32;
    private const int MaxThreads = 1 << 16;

    /// <summary>Hashes per second; a thousand times what the largest machine makes.</summary>
    private const double MaxHashrate = 1e9;

    private static readonly MessageParser<Heartbeat> Parser = Heartbeat.Parser.WithDiscardUnknownFields(true);

    public static byte[] Encode(MemberStatus status)
    {
        byte[] work = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(work, status.Tip.Work);
        Heartbeat heartbeat = new()
        {
            Run = status.Run,
            Sequence = status.Sequence,
            Version = status.Version,
            Mode = (Mode)status.Mode,
            Worker = status.IsWorker,
            DatasetHost = status.IsDatasetHost,
            Hashrate = status.Hashrate,
            Threads = (uint)status.Threads,
            FullMemory = status.Memory == MemoryMode.Full,
            PartMemory = status.Memory == MemoryMode.Hybrid,
            Capability = new Capability { Cpus = (uint)status.Cpus, MemoryTotal = status.MemoryTotal, MemoryAvailable = status.MemoryAvailable },
            Tip = new Tip { Height = status.Tip.Height, Id = ToBytes(status.Tip.Id), Work = ByteString.CopyFrom(work) },
            Daemon = status.HasDaemon,
            WorkWeight = (uint)status.WorkWeight,
            Name = status.Name,
            Neighbours = ToBytes([.. status.Neighbours.Take(MaxNeighbours)]),
        };
        heartbeat.DatasetKeys.AddRange(status.DatasetKeys.Take(MaxDatasetKeys).Select(ToBytes));
        heartbeat.KnownKeys.AddRange(status.KnownKeys.Take(MaxKnownKeys).Select(ToBytes));
        return heartbeat.ToByteArray();
    }

    /// <summary>Reads a heartbeat of any origin; false when a bound is broken.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out MemberStatus? status)
    {
        status = null;
        if (bytes.Length > MaxSize)
            return false;
        Heartbeat heartbeat;
        try
        {
            heartbeat = Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
        if (!IsSane(heartbeat) || !TryReadTip(heartbeat.Tip, out ChainTip tip)
            || ReadKeys(heartbeat.DatasetKeys, MaxDatasetKeys) is not Hash256[] datasets
            || ReadKeys(heartbeat.KnownKeys, MaxKnownKeys) is not Hash256[] known)
        {
            return false;
        }
        status = new MemberStatus
        {
            Run = heartbeat.Run,
            Sequence = heartbeat.Sequence,
            Version = heartbeat.Version,
            Mode = (NodeMode)heartbeat.Mode,
            IsWorker = heartbeat.Worker,
            IsDatasetHost = heartbeat.DatasetHost,
            Hashrate = heartbeat.Hashrate,
            Threads = (int)heartbeat.Threads,
            Memory = heartbeat.FullMemory ? MemoryMode.Full : heartbeat.PartMemory ? MemoryMode.Hybrid : MemoryMode.Light,
            Cpus = (int)(heartbeat.Capability?.Cpus ?? 0),
            MemoryTotal = heartbeat.Capability?.MemoryTotal ?? 0,
            MemoryAvailable = heartbeat.Capability?.MemoryAvailable ?? 0,
            Tip = tip,
            DatasetKeys = datasets,
            KnownKeys = known,
            HasDaemon = heartbeat.Daemon,
            WorkWeight = (int)heartbeat.WorkWeight,
            Name = heartbeat.Name,
            Neighbours = PeerTail.ReadAll(heartbeat.Neighbours.Span),
        };
        return true;
    }

    private static bool IsSane(Heartbeat heartbeat) =>
        heartbeat.Version.Length is > 0 and <= MaxVersionLength
        && heartbeat.Version.All(c => c is > ' ' and <= '~')
        && heartbeat.Mode is >= Mode.Auto and <= Mode.Worker
        && heartbeat.Hashrate is >= 0 and <= MaxHashrate
        && heartbeat.WorkWeight <= MaxHashrate
        && heartbeat.Threads <= MaxThreads
        && (heartbeat.Capability?.Cpus ?? 0) <= MaxThreads
        && (heartbeat.Name.Length == 0 || IsName(heartbeat.Name))
        && heartbeat.Neighbours.Length <= MaxNeighbours * PeerTail.Size
        && heartbeat.Neighbours.Length % PeerTail.Size == 0;

    /// <summary>Whether a text can name a node: short, and without anything that could pass for other text where it is shown.</summary>
    public static bool IsName(string text)
    {
        if (text.Length is 0 or > MaxNameLength || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]))
            return false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryReadTip(Tip? tip, out ChainTip read)
    {
        read = default;
        if (tip is null || tip.Id.Length != Hash256.Size || tip.Work.Length is 0 or > 16)
            return false;
        Span<byte> work = stackalloc byte[16];
        work.Clear();
        tip.Work.Span.CopyTo(work);
        read = new ChainTip(tip.Height, new Hash256(tip.Id.Span), BinaryPrimitives.ReadUInt128LittleEndian(work));
        return true;
    }

    private static Hash256[]? ReadKeys(RepeatedField<ByteString> keys, int most) =>
        keys.Count <= most && keys.All(key => key.Length == Hash256.Size) ? [.. keys.Select(key => new Hash256(key.Span))] : null;

    private static ByteString ToBytes(PeerTail[] peers)
    {
        byte[] bytes = new byte[peers.Length * PeerTail.Size];
        for (int i = 0; i < peers.Length; i++)
            peers[i].Write(bytes.AsSpan(i * PeerTail.Size));
        return ByteString.CopyFrom(bytes);
    }

    private static ByteString ToBytes(Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
