namespace P2PMiner.P2P.Dht.Wire;

/// <summary>
/// Bounds on messages. Other implementations take up to 4 MiB (rust 16 KiB) and mostly send far less: twenty peers with four addresses each
/// are 3 KiB. What is accepted is bounded more loosely than what is sent, so that two of us always understand each other.
/// </summary>
internal static class WireLimits
{
    /// <summary>Largest request that is served, without its length prefix.</summary>
    internal const int MaxRequestSize = 64 * 1024;

    /// <summary>Largest answer that is read, as go-libp2p and js-libp2p have it: they may list thousands of providers.</summary>
    internal const int MaxResponseSize = 4 * 1024 * 1024;

    /// <summary>Answers beyond this wait for one of few places, so that many at once do not fill the memory.</summary>
    internal const int UsualResponseSize = 256 * 1024;

    /// <summary>Largest message that is ever written: a request of the largest value with its key, and every answer.</summary>
    internal const int MaxSentSize = 48 * 1024;

    /// <summary>Bytes of closer peers in an answer; with the providers and a small record it fits rust-libp2p's 16 KiB.</summary>
    internal const int MaxSentCloserSize = 5 * 1024;

    /// <summary>Bytes of providers in an answer: about a hundred.</summary>
    internal const int MaxSentProvidersSize = 10 * 1024;

    /// <summary>Largest value of a record, in either direction; a message with a larger one is taken without its record.</summary>
    internal const int MaxValueSize = 32 * 1024;

    /// <summary>Largest key of any message.</summary>
    internal const int MaxKeySize = 512;

    /// <summary>Largest key of a provider record, as go-libp2p has it.</summary>
    internal const int MaxProviderKeySize = 80;

    /// <summary>Closer peers that are kept of one answer, k and a few for the target itself; the rest is skipped.</summary>
    internal const int MaxCloserPeers = 24;

    /// <summary>Providers that are kept of one answer; the rest is skipped.</summary>
    internal const int MaxProviders = 256;

    /// <summary>Addresses that are kept of, and sent for, one peer; the rest is skipped.</summary>
    internal const int MaxAddresses = 16;

    /// <summary>Largest address in binary form.</summary>
    internal const int MaxAddressSize = 256;

    /// <summary>Longest text of a time; RFC 3339 with nanoseconds has 30 characters.</summary>
    internal const int MaxTimeSize = 40;
}
