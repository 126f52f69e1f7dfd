using System.Diagnostics.CodeAnalysis;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>The chain that an address belongs to. A regtest daemon uses those of <see cref="Main"/>.</summary>
public enum MoneroNetwork
{
    Main,
    Test,
    Stage,
}

/// <summary>What an address stands for.</summary>
public enum MoneroAddressKind
{
    /// <summary>A wallet's main address.</summary>
    Standard,

    /// <summary>A main address with a payment id of 8 bytes.</summary>
    Integrated,

    /// <summary>One of a wallet's further addresses.</summary>
    Subaddress,
}

/// <summary>
/// A Monero address, checked fully: base58 of a tag byte (network and kind), the 32-byte public spend and view keys, the
/// payment id of an integrated address, and the first 4 bytes of Keccak-256 of all that (monero-project/monero,
/// src/cryptonote_basic/cryptonote_basic_impl.cpp; tags from src/cryptonote_config.h).
/// </summary>
/// <param name="Text">The address as it was given.</param>
/// <param name="Network">The chain it belongs to.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="SpendKey">A valid curve point.</param>
/// <param name="ViewKey">A valid curve point.</param>
/// <param name="PaymentId">16 lower-case hex digits for an integrated address, else null.</param>
public sealed record MoneroAddress(
    string Text, MoneroNetwork Network, MoneroAddressKind Kind, Hash256 SpendKey, Hash256 ViewKey, string? PaymentId)
{
    private const int StandardLength = 95;
    private const int IntegratedLength = 106;
    private const int MaxDecodedSize = 1 + 2 * Hash256.Size + PaymentIdSize + ChecksumSize;
    private const int PaymentIdSize = 8;
    private const int ChecksumSize = 4;

    /// <summary>Parses and checks an address.</summary>
    /// <param name="text">The address without anything around it.</param>
    /// <param name="address">The address on success.</param>
    /// <param name="error">One line that says what is wrong with the address; empty on success.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out MoneroAddress? address, out string error)
    {
        address = null;
        if (text.Length is not (StandardLength or IntegratedLength))
        {
            error = $"a Monero address has {StandardLength} characters ({IntegratedLength} with a payment id), "
                + $"this has {text.Length} characters";
            return false;
        }
        Span<byte> buffer = stackalloc byte[MaxDecodedSize];
        Span<byte> decoded = buffer[..AddressBase58.DecodedLength(text.Length)];
        return AddressBase58.TryDecode(text, decoded, out error) && TryRead(text, decoded, out address, out error);
    }

    /// <summary>
    /// Whether block rewards can be paid to this address. A daemon refuses to build a template for a subaddress, and a
    /// block's coinbase has no place for a payment id, without which its receiver could not tell whose money it is.
    /// </summary>
    /// <param name="error">One line that says why not and what to give instead; empty when they can.</param>
    public bool CanReceiveRewards(out string error)
    {
        error = Kind switch
        {
            MoneroAddressKind.Subaddress => "block rewards cannot be paid to a subaddress: give the wallet's main address",
            MoneroAddressKind.Integrated => "block rewards cannot carry a payment id: give the main address without one",
            _ => "",
        };
        return error.Length == 0;
    }

    private static bool TryRead(
        string text, ReadOnlySpan<byte> decoded, [NotNullWhen(true)] out MoneroAddress? address, out string error)
    {
        address = null;
        ReadOnlySpan<byte> content = decoded[..^ChecksumSize];
        Span<byte> digest = stackalloc byte[Keccak256.Size];
        Keccak256.Hash(content, digest);
        if (!digest[..ChecksumSize].SequenceEqual(decoded[^ChecksumSize..]))
        {
            error = "the address's checksum does not match: mistyped or cut?";
            return false;
        }
        if (!TryReadTag(content[0], out MoneroNetwork network, out MoneroAddressKind kind))
        {
            error = $"the address's network tag {content[0]} is not one of Monero's: an address of another coin?";
            return false;
        }
        if (kind == MoneroAddressKind.Integrated != (text.Length == IntegratedLength))
        {
            error = $"the address's tag {content[0]} does not fit its length of {text.Length} characters";
            return false;
        }
        ReadOnlySpan<byte> spend = content.Slice(1, Hash256.Size);
        ReadOnlySpan<byte> view = content.Slice(1 + Hash256.Size, Hash256.Size);
        if (!AddressKey.IsValid(spend) || !AddressKey.IsValid(view))
        {
            error = "the address holds an invalid public key: what is paid to it would be lost";
            return false;
        }
        string? paymentId = kind == MoneroAddressKind.Integrated ? Convert.ToHexStringLower(content[^PaymentIdSize..]) : null;
        address = new MoneroAddress(text, network, kind, new Hash256(spend), new Hash256(view), paymentId);
        error = "";
        return true;
    }

    private static bool TryReadTag(byte tag, out MoneroNetwork network, out MoneroAddressKind kind)
    {
        (network, kind) = tag switch
        {
            18 => (MoneroNetwork.Main, MoneroAddressKind.Standard),
            19 => (MoneroNetwork.Main, MoneroAddressKind.Integrated),
            42 => (MoneroNetwork.Main, MoneroAddressKind.Subaddress),
            53 => (MoneroNetwork.Test, MoneroAddressKind.Standard),
            54 => (MoneroNetwork.Test, MoneroAddressKind.Integrated),
            63 => (MoneroNetwork.Test, MoneroAddressKind.Subaddress),
            24 => (MoneroNetwork.Stage, MoneroAddressKind.Standard),
            25 => (MoneroNetwork.Stage, MoneroAddressKind.Integrated),
            36 => (MoneroNetwork.Stage, MoneroAddressKind.Subaddress),
            _ => ((MoneroNetwork)(-1), default),
        };
        return Enum.IsDefined(network);
    }
}
