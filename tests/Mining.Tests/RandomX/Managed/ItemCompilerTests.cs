using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Superscalar;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

[TestFixture]
public sealed unsafe class ItemCompilerTests
{
    [OneTimeSetUp]
    public void RequirePlatform()
    {
        if (!OperatingSystem.IsLinux() || !X86Base.X64.IsSupported)
            Assert.Ignore("items are computed by machine code on x86-64 Linux only");
    }

    [Test]
    public void Cache_RefusesAnAddressThatTheStoresCannotUse()
    {
        byte[] memory = new byte[3 * Parameters.ItemSize];
        fixed (byte* start = memory)
        {
            int aligned = (int)((nuint)Parameters.ItemSize - (nuint)start % Parameters.ItemSize);
            Assert.That(() => TestCache.Key000.TryComputeItems(0, memory.AsSpan(aligned + 1, Parameters.ItemSize)), Throws.ArgumentException);
            Assert.That(TestCache.Key000.TryComputeItems(0, memory.AsSpan(aligned, Parameters.ItemSize)), Is.True);
        }
    }

    [Test]
    public void ItemCompiler_ComputesWhatTheReferenceDoes([Values(1, 4, 5, 8, 9)] int width)
    {
        ManagedCache cache = TestCache.Key000;
        using ItemCompiler compiler = Create(cache.Programs, width);
        const int Count = 1001;
        ulong* items = (ulong*)NativeMemory.AlignedAlloc(Count * Parameters.ItemSize, Parameters.ItemSize);
        try
        {
            foreach (uint first in (ReadOnlySpan<uint>)[0, 10000000, 34078719 - Count])
            {
                fixed (byte* memory = cache.Memory)
                    compiler.Compute(memory, first, Count, (byte*)items);
                ulong[] expected = new ulong[8];
                for (uint i = 0; i < Count; i++)
                {
                    cache.ComputeItem(first + i, expected);
                    Assert.That(new Span<ulong>(items + 8 * i, 8).ToArray(), Is.EqualTo(expected), $"item {first + i}");
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree(items);
        }
    }

    [Test]
    public void ItemCompiler_ExecutesRandomProgramsAsTheReferenceDoes([Values(1, 4, 5, 8, 9)] int width)
    {
        byte[] memory = GC.AllocateArray<byte>(Parameters.CacheSize, pinned: true);
        new Random(3).NextBytes(memory.AsSpan(0, 1 << 20));
        ulong* items = (ulong*)NativeMemory.AlignedAlloc(64 * Parameters.ItemSize, Parameters.ItemSize);
        try
        {
            for (byte key = 0; key < 40; key++)
            {
                BlakeGenerator random = new([key]);
                SuperscalarProgram[] programs = [.. Enumerable.Range(0, 8).Select(_ => new SuperscalarGenerator(random).Generate())];
                using ItemCompiler compiler = Create(programs, width);
                fixed (byte* pointer = memory)
                    compiler.Compute(pointer, 77u * key, 64, (byte*)items);
                for (uint i = 0; i < 64; i++)
                    Assert.That(new Span<ulong>(items + 8 * i, 8).ToArray(), Is.EqualTo(Reference(programs, memory, 77u * key + i)), $"key {key}, item {i}");
            }
        }
        finally
        {
            NativeMemory.AlignedFree(items);
        }
    }

    private static ItemCompiler Create(SuperscalarProgram[] programs, int width)
    {
        ItemCompiler compiler = width switch
        {
            1 => ItemCompiler.CreateScalar(programs),
            4 or 8 => ItemCompiler.CreateForLanes(programs, usesAvx512: width == 8),
            _ => ItemCompiler.CreateForDatasets(programs, usesAvx512: width == 9),
        };
        if (compiler.BatchItems != width)
        {
            compiler.Dispose();
            Assert.Ignore($"this CPU cannot compute {width} items at once");
        }
        return compiler;
    }

    private static ulong[] Reference(SuperscalarProgram[] programs, byte[] memory, uint number)
    {
        ulong[] item = new ulong[8];
        ManagedCache.InitializeItem(number, item);
        ulong address = number;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(memory);
        foreach (SuperscalarProgram program in programs)
        {
            program.Execute(item);
            for (int i = 0; i < 8; i++)
                item[i] ^= words[(int)(address % Parameters.CacheLines) * 8 + i];
            address = item[program.AddressRegister];
        }
        return item;
    }
}
