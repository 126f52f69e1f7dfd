using System.Buffers;
using System.Text;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Negotiation;

/// <summary>
/// Agrees on a protocol for a connection or stream (libp2p/specs, connections/README.md, "multistream-select"): one side proposes, the
/// other repeats what it accepts. Time limits are the caller's, by cancellation.
/// </summary>
internal static class MultistreamSelect
{
    /// <summary>Proposals after which a listener gives up on a remote.</summary>
    internal const int MaxProposals = 64;

    /// <summary>Proposes protocols in the order of preference until the remote accepts one.</summary>
    /// <remarks>The header and the first proposal go out together, before anything is read.</remarks>
    /// <returns>The protocol agreed on. Nothing beyond the negotiation has been read.</returns>
    /// <exception cref="UnsupportedProtocolException">The remote accepts none of them; calling again asks for others.</exception>
    /// <exception cref="ProtocolException">The remote does not follow the protocol.</exception>
    /// <exception cref="IOException">The stream ended or failed.</exception>
    internal static async ValueTask<string> SelectAsync(Stream stream, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(protocols.Count, nameof(protocols));
        await WriteAsync(stream, MultistreamMessage.Header, protocols[0], cancellation).ConfigureAwait(false);
        RequireHeader(await MultistreamMessage.ReadAsync(stream, cancellation).ConfigureAwait(false));
        for (int i = 0; ; i++)
        {
            string answer = await MultistreamMessage.ReadAsync(stream, cancellation).ConfigureAwait(false);
            if (answer == protocols[i])
                return answer;
            if (answer != MultistreamMessage.NotAvailable)
                throw new ProtocolException($"'{protocols[i]}' was proposed and '{MultistreamMessage.Shown(answer)}' answered");
            if (i + 1 == protocols.Count)
                throw new UnsupportedProtocolException($"the remote does not speak {string.Join(", ", protocols)}");
            await WriteAsync(stream, protocols[i + 1], null, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Answers the proposals of a remote until one of them is served.</summary>
    /// <param name="stream">What the remote opened.</param>
    /// <param name="isServed">Decides on a protocol.</param>
    /// <param name="served">What to answer to a question for the list of protocols; null refuses it.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <returns>The protocol agreed on. Nothing beyond the negotiation has been read: data right after a proposal is kept.</returns>
    /// <exception cref="ProtocolException">The remote does not follow the protocol, or asked too often.</exception>
    /// <exception cref="IOException">The stream ended or failed.</exception>
    internal static async ValueTask<string> HandleAsync(
        Stream stream, Func<string, bool> isServed, Func<IEnumerable<string>>? served, CancellationToken cancellation)
    {
        RequireHeader(await MultistreamMessage.ReadAsync(stream, cancellation).ConfigureAwait(false));
        ValueTask<string> first = MultistreamMessage.ReadAsync(stream, cancellation);
        // A remote may wait for our header before it proposes anything; one that does not gets both answers at once.
        bool headerIsDue = first.IsCompleted;
        if (!headerIsDue)
            await WriteAsync(stream, MultistreamMessage.Header, null, cancellation).ConfigureAwait(false);
        string proposal = await first.ConfigureAwait(false);
        for (int count = 1; count <= MaxProposals; count++)
        {
            bool accepted = isServed(proposal);
            string? header = headerIsDue ? MultistreamMessage.Header : null;
            if (proposal == MultistreamMessage.List && served is not null)
                await WriteListAsync(stream, header, served(), cancellation).ConfigureAwait(false);
            else
                await AnswerAsync(stream, header, Answer(proposal, accepted), cancellation).ConfigureAwait(false);
            if (accepted)
                return proposal;
            headerIsDue = false;
            proposal = await MultistreamMessage.ReadAsync(stream, cancellation).ConfigureAwait(false);
        }
        throw new ProtocolException($"the remote proposed more than {MaxProposals} protocols");
    }

    /// <summary>A remote that starts over after a refusal sends its header once more, and expects ours.</summary>
    private static string Answer(string proposal, bool accepted) =>
        accepted || proposal == MultistreamMessage.Header ? proposal : MultistreamMessage.NotAvailable;

    private static void RequireHeader(string line)
    {
        if (line != MultistreamMessage.Header)
            throw new ProtocolException($"the remote does not speak multistream-select: it began with '{MultistreamMessage.Shown(line)}'");
    }

    private static ValueTask AnswerAsync(Stream stream, string? header, string answer, CancellationToken cancellation) =>
        header is null ? WriteAsync(stream, answer, null, cancellation) : WriteAsync(stream, header, answer, cancellation);

    /// <summary>Writes one message or two at once.</summary>
    private static async ValueTask WriteAsync(Stream stream, string first, string? second, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * MultistreamMessage.MaxSize);
        try
        {
            int size = MultistreamMessage.Write(buffer, first);
            if (second is not null)
                size += MultistreamMessage.Write(buffer.AsSpan(size), second);
            await stream.WriteAsync(buffer.AsMemory(0, size), cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Answers "ls": a message that holds a message for each protocol, as many as fit, and then a newline.</summary>
    private static async ValueTask WriteListAsync(Stream stream, string? header, IEnumerable<string> served, CancellationToken cancellation)
    {
        byte[] list = new byte[MultistreamMessage.MaxLength];
        int length = 0;
        foreach (string protocol in served)
        {
            int size = Encoding.UTF8.GetByteCount(protocol) + 1;
            if (length + Varint.Length((ulong)size) + size < list.Length)
                length += MultistreamMessage.Write(list.AsSpan(length), protocol);
        }
        list[length++] = (byte)'\n';
        byte[] answer = new byte[2 * MultistreamMessage.MaxSize];
        int start = header is null ? 0 : MultistreamMessage.Write(answer, header);
        start += Varint.Write(answer.AsSpan(start), (ulong)length);
        list.AsSpan(0, length).CopyTo(answer.AsSpan(start));
        await stream.WriteAsync(answer.AsMemory(0, start + length), cancellation).ConfigureAwait(false);
    }
}
