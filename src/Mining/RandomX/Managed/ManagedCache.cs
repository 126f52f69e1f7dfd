using P2PMiner.Mining.RandomX.Managed.Superscalar;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The cache of one key: 256 MiB and eight superscalar programs (specification, chapters 7.1 and 7.2).</summary>
internal sealed unsafe class ManagedCache : IItemSource
{
    private readonly SuperscalarProgram[] _programs = new SuperscalarProgram[Parameters.CacheAccesses];
    private readonly byte[] _memory;

    private ManagedCache(ReadOnlySpan<byte> key, CancellationToken cancellation)
    {
        _memory = GC.AllocateUninitializedArray<byte>(Parameters.CacheSize, pinned: true);
        fixed (byte* memory = _memory)
            Argon2d.Fill(memory, Parameters.ArgonBlocks, Parameters.ArgonIterations, key, Parameters.ArgonSalt, cancellation: cancellation);
        BlakeGenerator random = new(key);
        for (int i = 0; i < _programs.Length; i++)
            _programs[i] = new SuperscalarGenerator(random).Generate();
    }

    /// <summary>The eight superscalar programs.</summary>
    public SuperscalarProgram[] Programs => _programs;

    /// <summary>The filled memory.</summary>
    public ReadOnlySpan<byte> Memory => _memory;

    /// <summary>Makes the cache of a key of at most 60 bytes; takes about a second.</summary>
    /// <exception cref="OperationCanceledException">Cancelled on the way.</exception>
    public static ManagedCache Create(ReadOnlySpan<byte> key, CancellationToken cancellation = default) => new(key, cancellation);

    public void Xor(uint number, Span<ulong> r)
    {
        Span<ulong> item = stackalloc ulong[8];
        ComputeItem(number, item);
        for (int i = 0; i < item.Length; i++)
            r[i] ^= item[i];
    }

    /// <summary>Computes a dataset item (specification, chapter 7.3).</summary>
    /// <param name="number">Index of the item.</param>
    /// <param name="item">Eight words.</param>
    public void ComputeItem(ulong number, Span<ulong> item)
    {
        InitializeItem(number, item);
        ulong address = number;
        fixed (byte* memory = _memory)
        {
            foreach (SuperscalarProgram program in _programs)
            {
                ulong* line = (ulong*)(memory + (address % Parameters.CacheLines) * Parameters.ItemSize);
                program.Execute(item);
                for (int i = 0; i < item.Length; i++)
                    item[i] ^= line[i];
                address = item[program.AddressRegister];
            }
        }
    }

    /// <summary>The registers that an item begins with (specification, chapter 7.3).</summary>
    internal static void InitializeItem(ulong number, Span<ulong> item)
    {
        item[0] = (number + 1) * 6364136223846793005;
        item[1] = item[0] ^ 9298411001130361340;
        item[2] = item[0] ^ 12065312585734608966;
        item[3] = item[0] ^ 9306329213124626780;
        item[4] = item[0] ^ 5281919268842080866;
        item[5] = item[0] ^ 10536153434571861004;
        item[6] = item[0] ^ 3398623926847679864;
        item[7] = item[0] ^ 9549104520008361294;
    }
}
