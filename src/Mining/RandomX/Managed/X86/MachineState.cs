using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What a program leaves to the next one: registers, rounding mode and scratchpad.</summary>
internal sealed class MachineState
{
    private RegisterFile _registers;

    /// <summary>2 MiB.</summary>
    public byte[] Scratchpad { get; private init; } = new byte[Parameters.ScratchpadL3];

    /// <summary>The register fprc.</summary>
    public RoundingMode Mode { get; set; }

    /// <summary>All other registers.</summary>
    public ref RegisterFile Registers => ref _registers;

    /// <summary>The registers as they are hashed: 256 bytes.</summary>
    public Span<byte> RegisterBytes => MemoryMarshal.AsBytes(new Span<RegisterFile>(ref _registers));

    public MachineState Copy()
    {
        MachineState copy = new() { Scratchpad = [.. Scratchpad], Mode = Mode };
        copy._registers = _registers;
        return copy;
    }

    /// <summary>The first thing in which another state is not the same, with both values; null if it is.</summary>
    public string? DifferenceTo(MachineState other)
    {
        if (Mode != other.Mode)
            return $"fprc is {Mode} and {other.Mode}";
        ReadOnlySpan<ulong> registers = MemoryMarshal.Cast<byte, ulong>(RegisterBytes), others = MemoryMarshal.Cast<byte, ulong>(other.RegisterBytes);
        int register = registers.CommonPrefixLength(others);
        if (register < registers.Length)
            return $"{RegisterName(register)} is {registers[register]:x16} and {others[register]:x16}";
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(Scratchpad), otherWords = MemoryMarshal.Cast<byte, ulong>(other.Scratchpad);
        int word = words.CommonPrefixLength(otherWords);
        return word < words.Length ? $"the scratchpad has {words[word]:x16} and {otherWords[word]:x16} at {word * sizeof(ulong):x6}" : null;
    }

    private static string RegisterName(int word)
    {
        const int Group = 8;
        int index = word % Group;
        return word < Group ? $"r{index}" : $"{"fea"[word / Group - 1]}{index / 2} ({(index % 2 == 0 ? "low" : "high")})";
    }
}
