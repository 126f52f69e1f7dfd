namespace P2PMiner.Mining;

internal static partial class Interop
{
    internal static partial class RandomX
    {
        /// <summary>Resolved by <see cref="NativeLibraries"/>, which knows the file names per platform.</summary>
        internal const string Library = "randomx";
    }
}
