namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>Why a message is not what the signature policy asks for.</summary>
internal enum MessageFault
{
    None,

    /// <summary>StrictSign: from is missing or cannot be a peer id.</summary>
    BadAuthor,

    /// <summary>StrictSign: seqno is not 8 bytes.</summary>
    BadSequenceNumber,

    /// <summary>StrictSign: the signature is missing or of an impossible length.</summary>
    NoSignature,

    /// <summary>StrictSign: the key is not the author's, or there is none.</summary>
    BadKey,

    /// <summary>StrictSign: the signature is not the author's.</summary>
    BadSignature,

    /// <summary>StrictNoSign: a field is there that must not be.</summary>
    AuthorPresent,

    /// <summary>The data is longer than the limit.</summary>
    TooLong,
}
