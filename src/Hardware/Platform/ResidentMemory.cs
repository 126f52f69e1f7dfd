using System.Runtime.InteropServices;
using P2PMiner.Hardware.Interop;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware;

/// <summary>Gives back what this process has in memory and does not need there (Linux; nothing happens elsewhere).</summary>
public static class ResidentMemory
{
    private const string MappingFile = "/proc/self/smaps";

    /// <summary>The mappings of files, such as programs and libraries, that cannot be written and of which no page was changed.</summary>
    public static IReadOnlySet<FileMapping> CleanFiles()
    {
        try
        {
            using StreamReader lines = new(MappingFile);
            return SmapsReader.CleanFiles(lines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HashSet<FileMapping>();
        }
    }

    /// <summary>
    /// Lets go of the pages of mapped files. They stay in the system's cache of files, and whatever is used again is mapped again from
    /// there by the page, so that what only the start needed counts as this process's memory no more.
    /// </summary>
    /// <param name="earlier">
    /// What <see cref="CleanFiles"/> told some time ago. A library that is just being loaded is about to be changed, which would be lost:
    /// only what was there before and is clean still is let go.
    /// </param>
    public static void ReleaseFiles(IReadOnlySet<FileMapping> earlier)
    {
        foreach (FileMapping mapping in CleanFiles())
        {
            // The kernel refuses what is locked, which therefore stays.
            if (earlier.Contains(mapping))
                _ = Mman.madvise(mapping.Start, mapping.End - mapping.Start, Mman.MADV_DONTNEED);
        }
    }

    /// <summary>Gives back what native code has freed, its compiler's memory for the most part; glibc keeps it otherwise.</summary>
    public static unsafe void TrimNativeHeap()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out nint library))
            return;
        if (NativeLibrary.TryGetExport(library, "malloc_trim", out nint trim))
            _ = ((delegate* unmanaged<nuint, int>)trim)(0);
    }
}

/// <summary>Where a file is mapped, and what part of it by whom may be used how.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address behind it.</param>
/// <param name="Permissions">As in /proc/PID/maps.</param>
/// <param name="Inode">Of the file.</param>
/// <param name="Path">Of the file.</param>
public readonly record struct FileMapping(nuint Start, nuint End, string Permissions, long Inode, string Path);
