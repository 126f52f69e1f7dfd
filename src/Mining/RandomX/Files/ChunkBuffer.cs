using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>Memory for a chunk at an address that fits, for one thread.</summary>
internal sealed class ChunkBuffer
{
    private readonly byte[] _memory = GC.AllocateUninitializedArray<byte>(
        DatasetFileHeader.ChunkBytes + DirectFile.Alignment, pinned: true);

    private readonly int _start;

    internal unsafe ChunkBuffer()
    {
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _start = (int)((DirectFile.Alignment - address % DirectFile.Alignment) % DirectFile.Alignment);
    }

    /// <summary>As long as a whole chunk.</summary>
    internal Span<byte> Bytes => _memory.AsSpan(_start, DatasetFileHeader.ChunkBytes);
}
