using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.PubSub.Messages;

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// The first copy of every message whose signature is still to be verified. Belongs to the router's lock. Its size is bounded by the lanes.
/// </summary>
internal sealed class InFlightMessages
{
    private readonly Dictionary<byte[], PendingMessage> _messages = new(ByteArrayComparer.Instance);

    internal int Count => _messages.Count;

    internal bool Contains(ReadOnlySpan<byte> id) => TryFind(id, out _);

    internal bool TryFind(ReadOnlySpan<byte> id, [NotNullWhen(true)] out PendingMessage? message) =>
        _messages.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(id, out message);

    /// <summary>Without effect if there is a copy with other bytes: which one is genuine is not known yet.</summary>
    internal void Add(PendingMessage message) => _messages.TryAdd(message.Message.Id, message);

    internal void Remove(PendingMessage message)
    {
        if (_messages.TryGetValue(message.Message.Id, out PendingMessage? first) && first == message)
            _messages.Remove(message.Message.Id);
    }
}
