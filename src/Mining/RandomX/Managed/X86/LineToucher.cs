namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Touches several lines at once (<see cref="PrefetchKind.Touched"/>): prefetches some time later find their pages in the TLB.
/// </summary>
internal sealed unsafe class LineToucher : IDisposable
{
    /// <summary>So many at once.</summary>
    public const int Lines = 8;

    private static readonly Lazy<CodeTemplate> Code = new(() => PrefetchTemplates.TouchAll(Lines));

    private readonly CodeMemory _memory = CodeMemory.Of(Code.Value);

    private LineToucher()
    {
    }

    /// <summary>Null where shadow stacks are on.</summary>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public static LineToucher? TryCreate() => ShadowStack.IsOn ? null : new LineToucher();

    /// <summary>Touches <see cref="Lines"/> of them, in some nanoseconds. This object must not be disposed meanwhile.</summary>
    public void Touch(byte** lines) =>
        ((delegate* unmanaged[Cdecl, SuppressGCTransition]<byte**, void>)_memory.Executable)(lines);

    public void Dispose() => _memory.Dispose();
}
