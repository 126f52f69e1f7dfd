using System.ComponentModel;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Memory for machine code. It is mapped twice, once to be written and once to be executed, so that no page is ever both and
/// a new program costs no system call. Linux only so far.
/// </summary>
internal sealed class CodeMemory : SafeHandle
{
    private CodeMemory(int size)
        : base(0, ownsHandle: true) => Size = size;

    public override bool IsInvalid => handle == 0;

    /// <summary>In bytes.</summary>
    public int Size { get; }

    /// <summary>Where the code is written.</summary>
    public unsafe byte* Writable { get; private set; }

    /// <summary>Where the same code is executed.</summary>
    public unsafe byte* Executable => (byte*)handle;

    /// <param name="size">In bytes; rounded up to whole pages by the system.</param>
    /// <exception cref="PlatformNotSupportedException">This system does not let a program make code; the message says why.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or too many files are open.</exception>
    public static CodeMemory Allocate(int size)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("machine code can be made on Linux only so far");
        CodeMemory memory = new(size);
        try
        {
            memory.Map();
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Memory that holds a piece of code without constants to be filled in.</summary>
    /// <inheritdoc cref="Allocate" path="/exception"/>
    public static unsafe CodeMemory Of(CodeTemplate template)
    {
        CodeMemory memory = Allocate(template.Length);
        template.Code.AsSpan(0, template.Length).CopyTo(new Span<byte>(memory.Writable, template.Length));
        return memory;
    }

    protected override unsafe bool ReleaseHandle()
    {
        int result = Interop.CodeMapping.munmap(handle, (nuint)Size);
        if (Writable is not null)
            result |= Interop.CodeMapping.munmap((nint)Writable, (nuint)Size);
        return result == 0;
    }

    private unsafe void Map()
    {
        int file = Interop.CodeMapping.memfd_create("randomx-code", Interop.CodeMapping.MFD_CLOEXEC);
        if (file < 0)
            throw Refused();
        try
        {
            if (Interop.CodeMapping.ftruncate(file, Size) != 0)
                throw Refused();
            SetHandle(View(file, Interop.CodeMapping.PROT_READ | Interop.CodeMapping.PROT_EXEC));
            Writable = (byte*)View(file, Interop.CodeMapping.PROT_READ | Interop.CodeMapping.PROT_WRITE);
        }
        finally
        {
            // The views keep the memory; that a descriptor is gone cannot fail here.
            _ = Interop.CodeMapping.close(file);
        }
    }

    private nint View(int file, int protection)
    {
        nint address = Interop.CodeMapping.mmap(0, (nuint)Size, protection, Interop.CodeMapping.MAP_SHARED, file, 0);
        return address != Interop.CodeMapping.MAP_FAILED ? address : throw Refused();
    }

    private static Exception Refused()
    {
        int error = Marshal.GetLastPInvokeError();
        string reason = new Win32Exception(error).Message;
        return error is Interop.CodeMapping.ENOMEM or Interop.CodeMapping.EMFILE or Interop.CodeMapping.ENFILE
            ? new InsufficientMemoryException($"no memory for machine code: {reason}")
            : new PlatformNotSupportedException($"the system does not let this program map memory that can be executed: {reason}");
    }
}
