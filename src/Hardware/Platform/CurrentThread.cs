using P2PMiner.Hardware.Interop;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware;

/// <summary>
/// Where and how eagerly the calling thread runs. WARNING: call on a thread of one's own, not on a pool thread, because
/// the setting stays with the operating system's thread.
/// </summary>
public static class CurrentThread
{
    private const int LowestNice = 19;

    /// <summary>About a tenth of the time of a normal thread, and seven times that of one at the lowest priority.</summary>
    private const int LowerNice = 10;
    private const int BitsPerWord = 64;

    /// <summary>How long the calling thread has run; time since start of the system where that cannot be told (other than Linux).</summary>
    public static TimeSpan ProcessorTime =>
        OperatingSystem.IsLinux() && Clock.clock_gettime(Clock.CLOCK_THREAD_CPUTIME_ID, out Clock.Timespec time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick)
            : TimeProvider.System.GetElapsedTime(0);

    /// <summary>Binds the calling thread to one logical CPU (Linux, Windows up to CPU 63).</summary>
    /// <returns>False where the system cannot do it or the CPU is not allowed; the thread then runs on as before.</returns>
    public static bool TryPin(int cpu)
    {
        if (cpu is < 0 or >= CpuList.MaxCpus)
            return false;
        if (OperatingSystem.IsLinux())
        {
            Span<ulong> mask = stackalloc ulong[CpuList.MaxCpus / BitsPerWord];
            mask.Clear();
            mask[cpu / BitsPerWord] = 1UL << (cpu % BitsPerWord);
            return Sched.sched_setaffinity(0, (nuint)(mask.Length * sizeof(ulong)), mask) == 0;
        }
        return OperatingSystem.IsWindows() && cpu < 8 * nuint.Size
            && Kernel32.SetThreadAffinityMask(Kernel32.GetCurrentThread(), (nuint)1 << cpu) != 0;
    }

    /// <summary>
    /// Makes the calling thread yield to everything else (Linux nice 19, Windows lowest priority). There is no way back
    /// without privileges.
    /// </summary>
    /// <returns>False where the system cannot do it for a single thread.</returns>
    public static bool TryLowerPriority() => TryLower(LowestNice, ThreadPriority.Lowest);

    /// <summary>
    /// Makes the calling thread give way to normal ones, but not to those of <see cref="TryLowerPriority"/> (Linux nice 10, Windows
    /// below normal). There is no way back without privileges.
    /// </summary>
    /// <inheritdoc cref="TryLowerPriority" path="/returns"/>
    public static bool TryGiveWay() => TryLower(LowerNice, ThreadPriority.BelowNormal);

    private static bool TryLower(int nice, ThreadPriority priority)
    {
        if (OperatingSystem.IsLinux())
            return Resource.setpriority(Resource.PRIO_PROCESS, 0, nice) == 0;
        if (!OperatingSystem.IsWindows())
            return false;
        Thread.CurrentThread.Priority = priority;
        return true;
    }
}
