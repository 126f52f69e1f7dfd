using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>Makes our own messages under StrictNoSign (libp2p/specs, pubsub/README.md, "Signature Policy Options").</summary>
internal static class BareMessages
{
    internal static GossipMessage Make(byte[] topic, ReadOnlySpan<byte> data, MessageIdFunction idFunction)
    {
        byte[] content = new byte[data.Length + topic.Length];
        FieldBuilder builder = new(content);
        MessageEntry fields = new() { Data = builder.Append(data), Topic = builder.Append(topic) };
        return new GossipMessage(content, fields, MessageIds.Of(idFunction, content, fields));
    }
}
