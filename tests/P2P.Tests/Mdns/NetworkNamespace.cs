using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.P2P.Tests.Mdns;

/// <summary>A Linux network namespace with a thread in it: sockets made by that thread belong to it. Needs root and the tool ip.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;

    private NetworkNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>Null, and why, where there can be none.</summary>
    public static NetworkNamespace? TryCreate(string name, out string reason)
    {
        reason = "network namespaces need Linux, root and the tool ip";
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/proc/self/ns/net"))
            return null;
        try
        {
            (int code, string error) = Execute("netns", "add", name);
            reason = error;
            return code == 0 ? new NetworkNamespace(name) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Runs ip with these arguments.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void Ip(params string[] arguments)
    {
        (int code, string error) = Execute(arguments);
        if (code != 0)
            throw new IOException($"ip {string.Join(' ', arguments)}: {error}");
    }

    /// <summary>Runs a function on a thread inside the namespace; what it throws is thrown here.</summary>
    public T Run<T>(Func<T> function)
    {
        TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // The thread ends afterwards: it must not serve others.
        Thread thread = new(() =>
        {
            try
            {
                using SafeFileHandle file = File.OpenHandle($"/var/run/netns/{Name}");
                if (setns(file, CloneNewNet) != 0)
                    throw new IOException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
                result.SetResult(function());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        thread.Start();
        return result.Task.GetAwaiter().GetResult();
    }

    public void Dispose() => Execute("netns", "delete", Name);

    private static (int Code, string Error) Execute(params string[] arguments)
    {
        ProcessStartInfo start = new("ip", arguments) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.Trim());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeFileHandle file, int type);
}
