namespace P2PMiner.P2P.Transport;

/// <summary>How far an IP address reaches, nearest first.</summary>
public enum IpScope
{
    /// <summary>127.0.0.0/8, ::1.</summary>
    Loopback,

    /// <summary>169.254.0.0/16, fe80::/10.</summary>
    LinkLocal,

    /// <summary>RFC 1918, RFC 6598 (shared address space of providers), RFC 4193 (unique local).</summary>
    Private,

    /// <summary>Everything else that one machine can have.</summary>
    Public,

    /// <summary>No address of one machine: unspecified, multicast, broadcast, documentation, reserved.</summary>
    Unusable,
}
