using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>A message whose signature or content has not been judged yet.</summary>
internal sealed class PendingMessage(GossipMessage message, Topic topic, GossipPeer source)
{
    internal GossipMessage Message { get; } = message;

    internal Topic Topic { get; } = topic;

    /// <summary>Who sent it first.</summary>
    internal GossipPeer Source { get; } = source;

    /// <summary>Who sent the very same bytes after that, each once; belongs to the router's lock.</summary>
    internal List<GossipPeer>? Others { get; private set; }

    /// <summary>True when the signature has been found good.</summary>
    internal bool IsVerified { get; private set; }

    /// <summary>Who signed it; null if messages are not signed.</summary>
    internal PeerId? Author { get; private set; }

    /// <summary>What is to be done with it once it is admitted; null if nothing is.</summary>
    internal PubSubMessage? Delivery { get; set; }

    /// <summary>Asked before it is delivered, if there is one.</summary>
    internal MessageValidator? Validator { get; set; }

    /// <summary>Verifies the signature, if there is to be one: the expensive part of a message.</summary>
    internal void Verify()
    {
        if (!Message.IsSigned)
        {
            IsVerified = true;
            return;
        }
        IsVerified = MessageVerifier.VerifySignature(Message, out PeerId? author);
        Author = author;
    }

    /// <summary>Takes note of a further sender; false if it has sent these bytes before.</summary>
    internal bool TryAddSender(GossipPeer peer)
    {
        if (peer == Source || Others?.Contains(peer) == true)
            return false;
        (Others ??= []).Add(peer);
        return true;
    }
}
