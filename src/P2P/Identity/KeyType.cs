namespace P2PMiner.P2P.Identity;

/// <summary>Kinds of identity keys, with their numbers on the wire (libp2p/specs, peer-ids/peer-ids.md, "Keys").</summary>
public enum KeyType
{
    Rsa = 0,
    Ed25519 = 1,
    Secp256k1 = 2,
    Ecdsa = 3,
}
