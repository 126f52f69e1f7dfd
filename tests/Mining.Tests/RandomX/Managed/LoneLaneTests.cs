using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>
/// The code of a lane that has no others beside it, which keeps its registers from one iteration to the next, against that of lanes
/// that take turns: program by program, with every choice of registers that a program can make.
/// </summary>
public sealed unsafe class LoneLaneTests
{
    private const int Choices = 16;

    [OneTimeSetUp]
    public void RequirePlatform() => MachineCode.Require();

    [Test]
    public void LoneLane_EndsAProgramAsALaneAmongOthersDoes([Values(0, 1)] int version, [Range(0, Choices - 1)] int choice)
    {
        Random random = new(version * Choices + choice);
        ulong[] words = new ulong[ProgramConfiguration.Size / 8 + Parameters.ProgramLength((RandomXVersion)version)];
        random.NextBytes(MemoryMarshal.AsBytes(words.AsSpan()));
        words[12] = words[12] & ~15ul | (uint)choice;
        MachineState before = new();
        random.NextBytes(before.Scratchpad);

        using RepeatedDataset dataset = new(seed: 12);
        MachineState lone = Run((RandomXVersion)version, new LaneSettings(1), dataset, words, before);
        MachineState amongOthers = Run((RandomXVersion)version, new LaneSettings(1, PrefetchKind.Batched), dataset, words, before);

        Assert.That(lone.DifferenceTo(amongOthers), Is.Null);
        Assert.That(lone.DifferenceTo(before), Is.Not.Null);
    }

    private static MachineState Run(RandomXVersion version, LaneSettings settings, RepeatedDataset dataset, ulong[] words, MachineState before)
    {
        using ProgramComparison machine = new(version, settings, dataset.Memory, dataset);
        MachineState state = before.Copy();
        machine.RunCompiled(words, [state]);
        return state;
    }
}
