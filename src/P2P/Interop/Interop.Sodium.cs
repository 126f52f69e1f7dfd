using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace P2PMiner.P2P.Interop;

/// <summary>libsodium: finding it, and sodium/core.h. None of these functions reads or writes beyond the lengths it is given.</summary>
internal static partial class Sodium
{
    private const string Library = "sodium";

    private static readonly string[] FileNames = ["libsodium.so.23", "libsodium.so", "libsodium.dylib", "libsodium.dll", "sodium"];

    private static bool _initialised;

    static Sodium() => NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, Resolve);

    /// <summary>Makes the library ready; call it before any other function. Cheap when repeated, from any thread.</summary>
    /// <exception cref="DllNotFoundException">Not installed; the message says what to install.</exception>
    /// <exception cref="CryptographicException">It found no source of randomness.</exception>
    internal static void Initialise()
    {
        if (Volatile.Read(ref _initialised))
            return;
        if (sodium_init() < 0)
            throw new CryptographicException("libsodium did not initialise");
        Volatile.Write(ref _initialised, true);
    }

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int sodium_init();

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
            return 0;
        foreach (string file in FileNames)
        {
            if (NativeLibrary.TryLoad(file, assembly, path, out nint handle))
                return handle;
        }
        throw new DllNotFoundException("libsodium is missing: install it, on Debian and Ubuntu with 'apt-get install libsodium23'");
    }
}
