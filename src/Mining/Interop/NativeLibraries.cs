using System.Reflection;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining;

/// <summary>Finds the native libraries of this assembly under the file names that each platform uses.</summary>
internal static class NativeLibraries
{
    /// <summary>Environment variable with the full path of the RandomX library; it overrides the usual names.</summary>
    internal const string RandomXPathVariable = "P2P_MINER_RANDOMX";

    private static readonly string[] FenvNames =
        OperatingSystem.IsWindows() ? ["ucrtbase.dll"]
        : OperatingSystem.IsMacOS() ? ["libSystem.dylib"]
        : ["libm.so.6", "libc.so"];

    private static nint _randomX;

    /// <summary>File names under which RandomX is installed, in the order in which they are tried.</summary>
    internal static IReadOnlyList<string> RandomXNames { get; } =
        OperatingSystem.IsWindows() ? ["randomx.dll", "librandomx.dll"]
        : OperatingSystem.IsMacOS() ? ["librandomx.dylib"]
        : ["librandomx.so", "librandomx.so.0"];

    /// <summary>Loads the RandomX library, from <paramref name="path"/> when it is not null.</summary>
    /// <returns>The library's handle, or zero when no candidate can be loaded.</returns>
    internal static nint LoadRandomX(string? path) => LoadFirst(path is null ? RandomXNames : [path]);

    /// <summary>Makes the imports of this assembly use a loaded RandomX library. Once per process.</summary>
    internal static void Use(nint randomX)
    {
        _randomX = randomX;
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name switch
    {
        Interop.RandomX.Library => _randomX,
        Interop.Fenv.Library => LoadFirst(FenvNames),
        _ => 0,
    };

    private static nint LoadFirst(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, typeof(NativeLibraries).Assembly, null, out nint library))
                return library;
        }
        return 0;
    }
}
