using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using P2PMiner.P2P.Mdns;

namespace P2PMiner.P2P.Network;

/// <summary>
/// Asks name servers for the TXT records of a name, by UDP, and by TCP where the answer is cut off (RFC 1035 §4.2). The framework
/// looks up addresses only.
/// </summary>
/// <param name="servers">Whom to ask, in this order.</param>
/// <param name="time">For the patience with each.</param>
internal sealed class TextLookup(Func<IEnumerable<IPEndPoint>> servers, TimeProvider time)
{
    private const int Port = 53;
    private const int MaxServers = 3;

    private const int RecursionDesired = 0x0100;
    private const int Response = 0x8000;
    private const int CutOff = 0x0200;
    private const int ResponseCode = 0x000F;
    private const int NoSuchName = 3;

    /// <summary>Of the system's resolvers the first ones wait as long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    internal TextLookup(TimeProvider time)
        : this(SystemServers, time)
    {
    }

    /// <returns>Each record's strings joined; none if the name has no such record.</returns>
    /// <exception cref="ArgumentException">Not a domain name.</exception>
    /// <exception cref="IOException">No server has answered, or there is no such name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal async Task<IReadOnlyList<string>> AskAsync(string name, CancellationToken cancellation)
    {
        byte[] query = Query(name);
        string failure = "no name server is known";
        foreach (IPEndPoint server in servers().Take(MaxServers))
        {
            using Deadline deadline = new(Patience, time, cancellation);
            try
            {
                byte[] answer = await AskByUdpAsync(server, query, deadline.Token).ConfigureAwait(false);
                if ((Flags(answer) & CutOff) != 0)
                    answer = await AskByTcpAsync(server, query, deadline.Token).ConfigureAwait(false);
                int code = Flags(answer) & ResponseCode;
                if (code == 0 && DnsDecoder.TryDecode(answer, out DnsMessage? message))
                    return Texts(message);
                failure = code == 0 ? $"{server} answers what is no answer" : $"{server} answers with error {code}";
                if (code == NoSuchName)
                    throw new IOException($"there is no name {name}");
            }
            catch (OperationCanceledException) when (deadline.IsOver)
            {
                failure = $"{server} has not answered within {Patience.TotalSeconds} s";
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException)
            {
                failure = $"{server}: {e.Message}";
            }
        }
        throw new IOException(failure);
    }

    private static IEnumerable<IPEndPoint> SystemServers() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(static card => card.OperationalStatus != OperationalStatus.Down)
        .SelectMany(static card => card.GetIPProperties().DnsAddresses)
        .Distinct()
        .Select(static address => new IPEndPoint(address, Port));

    private static byte[] Query(string name)
    {
        Span<byte> buffer = stackalloc byte[DnsMessage.HeaderSize + DnsName.MaxSize + 4];
        DnsEncoder encoder = new(buffer, isResponse: false);
        if (!encoder.TryAddQuestion(name, DnsType.Txt))
            throw new ArgumentException($"'{name}' is too long for a name", nameof(name));

        // With a number that cannot be guessed, and from a port that the system draws, an answer is hard to forge.
        RandomNumberGenerator.Fill(buffer[..2]);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], RecursionDesired);
        return buffer[..encoder.Size].ToArray();
    }

    private static async Task<byte[]> AskByUdpAsync(IPEndPoint server, byte[] query, CancellationToken cancellation)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellation).ConfigureAwait(false);
        await socket.SendAsync(query, cancellation).ConfigureAwait(false);
        byte[] buffer = new byte[DnsMessage.MaxSize];
        while (true)
        {
            int size = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            if (IsAnswer(buffer.AsSpan(0, size), query))
                return buffer[..size];
        }
    }

    private static async Task<byte[]> AskByTcpAsync(IPEndPoint server, byte[] query, CancellationToken cancellation)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation).ConfigureAwait(false);
        using NetworkStream stream = new(socket);
        byte[] length = [(byte)(query.Length >> 8), (byte)query.Length];
        await stream.WriteAsync((byte[])[.. length, .. query], cancellation).ConfigureAwait(false);
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        int size = BinaryPrimitives.ReadUInt16BigEndian(length);
        if (size > DnsMessage.MaxSize)
            throw new EndOfStreamException($"an answer of {size} bytes is too long");
        byte[] answer = new byte[size];
        await stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        return IsAnswer(answer, query) ? answer : throw new EndOfStreamException("the answer is to another question");
    }

    /// <summary>The same number, and the same question or none, which is how some servers refuse.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> query)
    {
        if (answer.Length < DnsMessage.HeaderSize || !answer[..2].SequenceEqual(query[..2]) || (Flags(answer) & Response) == 0)
            return false;
        int questions = BinaryPrimitives.ReadUInt16BigEndian(answer[4..]);
        ReadOnlySpan<byte> question = query[DnsMessage.HeaderSize..];
        return questions == 0
            || (questions == 1 && answer.Length >= query.Length
                && Ascii.EqualsIgnoreCase(answer.Slice(DnsMessage.HeaderSize, question.Length), question));
    }

    private static int Flags(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[2..]);

    private static IReadOnlyList<string> Texts(DnsMessage message) =>
        [.. message.Answers.Where(static record => record.Texts is not null).Select(static record => string.Concat(record.Texts!.Select(Encoding.UTF8.GetString)))];
}
