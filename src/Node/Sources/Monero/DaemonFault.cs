using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>Why a daemon cannot be used now.</summary>
internal enum DaemonFault
{
    /// <summary>It can be used.</summary>
    None,

    /// <summary>No connection, or it broke.</summary>
    Unreachable,

    /// <summary>Connected, but no complete answer in time.</summary>
    Timeout,

    /// <summary>It asks for a login, or refuses the one given.</summary>
    Unauthorized,

    /// <summary>It does not offer a call that mining needs.</summary>
    Restricted,

    /// <summary>It says so itself (status BUSY or error −9).</summary>
    Busy,

    /// <summary>It has not caught up with its network, or lets another daemon answer for it.</summary>
    Unsynchronized,

    /// <summary>The wallet address belongs to another network than the daemon.</summary>
    WrongNetwork,

    /// <summary>Its answer is not what the RPC specification says: not JSON, too long, fields missing or malformed.</summary>
    BadAnswer,

    /// <summary>Its block template is malformed, contradicts itself or contradicts what the daemon said before.</summary>
    BadTemplate,

    /// <summary>Any other error that the daemon reports.</summary>
    RpcError,
}

/// <summary>A fault, with one line for the user.</summary>
/// <param name="Fault">Never <see cref="DaemonFault.None"/>.</param>
/// <param name="Message">What is wrong, without the daemon's address.</param>
/// <param name="RpcCode">The JSON-RPC error code; 0 when the daemon sent none.</param>
internal sealed record DaemonError(DaemonFault Fault, string Message, long RpcCode = 0);

/// <summary>What a call to a daemon came to: a value or an error, never both.</summary>
internal readonly struct DaemonResult<T>
    where T : class
{
    private DaemonResult(T? value, DaemonError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>Null exactly when <see cref="Error"/> is set.</summary>
    public T? Value { get; }

    public DaemonError? Error { get; }

    /// <summary>True with the value, false with the error.</summary>
    public bool TryGet([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out DaemonError? error)
    {
        value = Value;
        error = value is null ? Error ?? throw new InvalidOperationException("a default result holds nothing") : null;
        return value is not null;
    }

    public static implicit operator DaemonResult<T>(T value) => new(value, null);

    public static implicit operator DaemonResult<T>(DaemonError error) => new(null, error);
}
