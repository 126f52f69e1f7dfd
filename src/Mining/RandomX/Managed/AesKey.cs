using System.Runtime.Intrinsics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>AES round keys as the specification prints them.</summary>
internal static class AesKey
{
    /// <param name="hex">16 bytes.</param>
    public static Vector128<byte> Read(string hex) => Vector128.Create(Convert.FromHexString(hex));
}
