using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>Applies a <see cref="MessageIdFunction"/> to a message in a buffer.</summary>
internal static class MessageIds
{
    internal static byte[] Of(MessageIdFunction function, ReadOnlySpan<byte> buffer, in MessageEntry fields)
    {
        Span<byte> id = stackalloc byte[MessageId.MaxSize];
        return id[..Write(function, buffer, fields, id)].ToArray();
    }

    /// <exception cref="InvalidOperationException">The function broke its contract.</exception>
    internal static int Write(MessageIdFunction function, ReadOnlySpan<byte> buffer, in MessageEntry fields, Span<byte> destination)
    {
        MessageFields content = new()
        {
            From = fields.From.Of(buffer),
            SequenceNumber = fields.SequenceNumber.Of(buffer),
            Key = AuthorKey.Of(fields.From.Of(buffer), fields.Key.Of(buffer)),
            Data = fields.Data.Of(buffer),
            Topic = fields.Topic.Of(buffer),
        };
        int size = function(content, destination);
        return size is > 0 and <= MessageId.MaxSize
            ? size
            : throw new InvalidOperationException($"the message id function returned a length of {size}");
    }
}
