using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>
/// A file that is read and written past the system's file cache, which would take memory for what is read once, but for its last chunks,
/// as many as there is memory to spare for: the system keeps these in its cache until it needs the memory. What is passed by it has offsets,
/// lengths and addresses that are multiples of <see cref="Alignment"/> (<see cref="ChunkBuffer"/>).
/// </summary>
internal sealed class DirectFile : IDisposable
{
    /// <summary>A page, and no less than a sector of any disk.</summary>
    internal const int Alignment = 4096;

    private readonly SafeFileHandle _direct;
    private readonly long _cachedFrom;

    /// <param name="cached">The file, which is disposed with this object.</param>
    /// <param name="path">Of the file.</param>
    /// <param name="access">Of the file.</param>
    /// <param name="cachedFrom">From which offset on the system's cache is used.</param>
    /// <exception cref="IOException">It cannot be opened once more.</exception>
    internal DirectFile(SafeFileHandle cached, string path, FileAccess access, long cachedFrom)
    {
        Cached = cached;
        _cachedFrom = cachedFrom;
        _direct = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
        SetDirect(_direct);
    }

    /// <summary>By the system's cache, for anything.</summary>
    internal SafeFileHandle Cached { get; }

    /// <summary>Whether memory lies so that it can be read to past the cache.</summary>
    internal static unsafe bool Fits(ReadOnlySpan<byte> memory) =>
        (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory)) % Alignment == 0;

    internal static long Align(long length) => (length + Alignment - 1) / Alignment * Alignment;

    /// <exception cref="IOException">It cannot be read, or is too short.</exception>
    internal static void ReadExactly(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
                throw new EndOfStreamException("it ended early");
            destination = destination[read..];
            offset += read;
        }
    }

    /// <inheritdoc cref="ReadExactly(SafeFileHandle, Span{byte}, long)" path="/exception"/>
    internal void ReadExactly(Span<byte> destination, long offset) => ReadExactly(HandleFor(offset), destination, offset);

    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(HandleFor(offset), bytes, offset);

    public void Dispose()
    {
        _direct.Dispose();
        Cached.Dispose();
    }

    private SafeFileHandle HandleFor(long offset) => offset >= _cachedFrom ? Cached : _direct;

    // Linux on x86-64 and arm64, where the file system can do it; the cache is used elsewhere.
    private static void SetDirect(SafeFileHandle file)
    {
        int direct = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => Interop.Fcntl.DirectX64,
            Architecture.Arm64 => Interop.Fcntl.DirectArm64,
            _ => 0,
        };
        if (!OperatingSystem.IsLinux() || direct == 0)
            return;
        int flags = Interop.Fcntl.fcntl(file, Interop.Fcntl.F_GETFL, 0);
        if (flags >= 0)
            _ = Interop.Fcntl.fcntl(file, Interop.Fcntl.F_SETFL, flags | direct);
    }
}
