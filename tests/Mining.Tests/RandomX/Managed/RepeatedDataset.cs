using System.ComponentModel;
using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>Something of a dataset's size that costs 16 MiB: random items, mapped over and over behind each other.</summary>
internal sealed unsafe class RepeatedDataset : IItemSource, IDisposable
{
    private const int PieceSize = 16 << 20;
    private const int MapFixed = 0x10;
    private const long Size = (long)Parameters.DatasetBaseSize + Parameters.DatasetExtraSize;
    private const long MappedSize = (Size + PieceSize - 1) / PieceSize * PieceSize;

    public RepeatedDataset(int seed)
    {
        int file = Interop.CodeMapping.memfd_create("dataset", Interop.CodeMapping.MFD_CLOEXEC);
        Require(file >= 0 && Interop.CodeMapping.ftruncate(file, PieceSize) == 0);
        nint start = Map(0, (nuint)MappedSize, file, fixedFlag: 0);
        for (long offset = 0; offset < MappedSize; offset += PieceSize)
            Map(start + (nint)offset, PieceSize, file, MapFixed);
        Require(Interop.CodeMapping.close(file) == 0);
        Memory = (byte*)start;
        new Random(seed).NextBytes(new Span<byte>(Memory, PieceSize));
    }

    public byte* Memory { get; }

    public void Xor(uint number, Span<ulong> r)
    {
        ulong* item = (ulong*)(Memory + (nuint)number * Parameters.ItemSize);
        for (int i = 0; i < r.Length; i++)
            r[i] ^= item[i];
    }

    public void Dispose() => Require(Interop.CodeMapping.munmap((nint)Memory, (nuint)MappedSize) == 0);

    private static nint Map(nint address, nuint size, int file, int fixedFlag)
    {
        nint mapped = Interop.CodeMapping.mmap(
            address, size, Interop.CodeMapping.PROT_READ | Interop.CodeMapping.PROT_WRITE, Interop.CodeMapping.MAP_SHARED | fixedFlag, file, 0);
        Require(mapped != Interop.CodeMapping.MAP_FAILED);
        return mapped;
    }

    private static void Require(bool isDone)
    {
        if (!isDone)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }
}
