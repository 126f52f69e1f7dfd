namespace P2PMiner.P2P.Noise;

/// <summary>
/// One side of a handshake of pattern XX (Noise Protocol Framework rev. 34, sections 5.3 and 7.5), free of any input and output:
/// <code>
/// -> e
/// &lt;- e, ee, s, es
/// -> s, se
/// </code>
/// </summary>
internal sealed class HandshakeState : IDisposable
{
    /// <summary>The longest message, handshake or transport (section 3).</summary>
    internal const int MaxMessage = 65535;

    /// <summary>What a message is longer than its payload at most: two public keys and two tags, in the second message.</summary>
    internal const int MaxOverhead = (2 * X25519KeyPair.Size) + (2 * CipherState.TagSize);

    private enum Token
    {
        E,
        S,
        EE,
        ES,
        SE,
    }

    private static readonly Token[][] Pattern = [[Token.E], [Token.E, Token.EE, Token.S, Token.ES], [Token.S, Token.SE]];

    private readonly bool _initiator;
    private readonly SymmetricState _symmetric;
    private readonly X25519KeyPair _static;
    private readonly X25519KeyPair _ephemeral;
    private readonly byte[] _remoteStatic = new byte[X25519KeyPair.Size];
    private readonly byte[] _remoteEphemeral = new byte[X25519KeyPair.Size];
    private int _message;

    /// <param name="initiator">True for the side that sends first.</param>
    /// <param name="staticKey">Stays the caller's.</param>
    /// <param name="ephemeralKey">Stays the caller's; to be used for one handshake only.</param>
    /// <param name="prologue">What both sides already know; empty in libp2p.</param>
    internal HandshakeState(bool initiator, X25519KeyPair staticKey, X25519KeyPair ephemeralKey, ReadOnlySpan<byte> prologue)
    {
        _initiator = initiator;
        _static = staticKey;
        _ephemeral = ephemeralKey;
        _symmetric = new SymmetricState("Noise_XX_25519_ChaChaPoly_SHA256"u8);
        _symmetric.MixHash(prologue);
    }

    internal bool IsComplete => _message == Pattern.Length;

    /// <summary>The remote's static public key; known from the message in which it stands.</summary>
    internal ReadOnlySpan<byte> RemoteStatic => _remoteStatic;

    /// <summary>The hash over all messages so far.</summary>
    internal ReadOnlySpan<byte> Hash => _symmetric.Hash;

    /// <summary>Writes our next message and returns its length.</summary>
    internal int Write(ReadOnlySpan<byte> payload, Span<byte> message)
    {
        int length = 0;
        foreach (Token token in Next(ours: true))
        {
            if (token is Token.E)
                length += WriteEphemeral(message[length..]);
            else if (token is Token.S)
                length += Encrypt(_static.PublicKey, message[length..]);
            else
                Mix(token);
        }
        return length + Encrypt(payload, message[length..]);
    }

    /// <summary>Reads the remote's next message, writes its payload and returns the payload's length.</summary>
    /// <exception cref="NoiseException">Too short, not authentic, or with a key of low order.</exception>
    internal int Read(ReadOnlySpan<byte> message, Span<byte> payload)
    {
        foreach (Token token in Next(ours: false))
        {
            if (token is Token.E)
                message = ReadEphemeral(message);
            else if (token is Token.S)
                message = message[Decrypt(Cut(message, X25519KeyPair.Size + _symmetric.Overhead), _remoteStatic)..];
            else
                Mix(token);
        }
        return Decrypt(message, payload) - _symmetric.Overhead;
    }

    /// <summary>After the last message: the ciphers of the transport.</summary>
    internal (CipherState Send, CipherState Receive) Split()
    {
        if (!IsComplete)
            throw new InvalidOperationException("the handshake is not complete");
        (CipherState first, CipherState second) = _symmetric.Split();
        return _initiator ? (first, second) : (second, first);
    }

    public void Dispose() => _symmetric.Dispose();

    private Token[] Next(bool ours)
    {
        if (IsComplete || ours != (_initiator == (_message % 2 == 0)))
            throw new InvalidOperationException("it is not this side's turn");
        return Pattern[_message++];
    }

    private int WriteEphemeral(Span<byte> message)
    {
        _ephemeral.PublicKey.CopyTo(message);
        _symmetric.MixHash(_ephemeral.PublicKey);
        return X25519KeyPair.Size;
    }

    private ReadOnlySpan<byte> ReadEphemeral(ReadOnlySpan<byte> message)
    {
        Cut(message, X25519KeyPair.Size).CopyTo(_remoteEphemeral);
        _symmetric.MixHash(_remoteEphemeral);
        return message[X25519KeyPair.Size..];
    }

    private int Encrypt(ReadOnlySpan<byte> plaintext, Span<byte> message)
    {
        _symmetric.EncryptAndHash(plaintext, message);
        return plaintext.Length + _symmetric.Overhead;
    }

    /// <summary>Returns the length of the ciphertext.</summary>
    private int Decrypt(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        _symmetric.DecryptAndHash(ciphertext, plaintext);
        return ciphertext.Length;
    }

    private void Mix(Token token)
    {
        bool useEphemeral = token == Token.EE || _initiator == (token == Token.ES);
        bool remoteEphemeral = token == Token.EE || _initiator == (token == Token.SE);
        Span<byte> shared = stackalloc byte[X25519KeyPair.Size];
        (useEphemeral ? _ephemeral : _static).Agree(remoteEphemeral ? _remoteEphemeral : _remoteStatic, shared);
        _symmetric.MixKey(shared);
        shared.Clear();
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> message, int length) =>
        message.Length >= length ? message[..length] : throw new NoiseException("a handshake message is too short");
}
