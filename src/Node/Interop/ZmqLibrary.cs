using System.Reflection;
using System.Runtime.InteropServices;

namespace P2PMiner.Node.Interop;

/// <summary>Finds libzmq under the names that the platforms give it.</summary>
internal static class ZmqLibrary
{
    /// <summary>As imports name it.</summary>
    public const string Name = "zmq";

    private static readonly string[] FileNames = OperatingSystem.IsWindows()
        ? ["libzmq.dll", "zmq.dll"]
        : OperatingSystem.IsMacOS()
            ? ["libzmq.5.dylib", "/opt/homebrew/lib/libzmq.5.dylib", "/usr/local/lib/libzmq.5.dylib"]
            : ["libzmq.so.5", "libzmq.so"];

    private static readonly Lazy<nint> Library = new(Load);

    /// <summary>Whether libzmq is installed. Has to be asked before any import is called.</summary>
    public static bool IsAvailable => Library.Value != 0;

    private static nint Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(ZmqLibrary).Assembly, Resolve);
        foreach (string fileName in FileNames)
        {
            if (NativeLibrary.TryLoad(fileName, out nint library))
                return library;
        }
        return 0;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name == Name ? Library.Value : 0;
}
