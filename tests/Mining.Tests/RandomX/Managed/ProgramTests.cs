using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>Programs by themselves, in machine code and in the interpreter: registers, rounding mode and scratchpad afterwards.</summary>
public sealed unsafe class ProgramTests
{
    private const int ConfigurationWords = ProgramConfiguration.Size / 8;
    private const int InstructionTypes = 29;
    private const int Programs = 200;

    private static readonly ulong[] EdgeWords =
    [
        0, 1, 2, ulong.MaxValue, ulong.MaxValue - 1, 1ul << 63, (1ul << 63) - 1, uint.MaxValue, 1ul << 32, 1ul << 31, (1ul << 31) - 1, 0x80000000_80000000,
    ];

    private static readonly uint[] EdgeImmediates = [0, 1, 2, 3, 8, 63, 64, 1u << 31, (1u << 31) - 1, uint.MaxValue, uint.MaxValue - 1];

    private RepeatedDataset _dataset = null!;

    [OneTimeSetUp]
    public void MakeDataset()
    {
        MachineCode.Require();
        _dataset = new RepeatedDataset(seed: 21);
    }

    [OneTimeTearDown]
    public void FreeDataset() => _dataset?.Dispose();

    [Test]
    public void ProgramOfOneInstruction_EndsAsInterpreted_AlsoWithEdgeOperands([Values(0, 1)] int version, [Range(0, InstructionTypes - 1)] int type)
    {
        Random random = new(InstructionTypes * version + type);
        byte[] opcodes = Opcodes(instruction => instruction == (InstructionType)type);
        foreach (LaneSettings settings in Kinds().Where(kind => kind.Lanes <= 2))
        {
            using ProgramComparison machines = new((RandomXVersion)version, settings, _dataset.Memory, _dataset);
            ulong[] words = RandomWords(random, version, settings.Lanes, opcodes);
            Assert.That(machines.Compare(words, [.. words.Chunk(words.Length / settings.Lanes).Select(_ => EdgeState(random))]), Is.Null, settings.ToString());
        }
    }

    [Test]
    public void ChangeOfTheRoundingMode_IsFollowedByAllThatRounds([Values(0, 1)] int version, [Values(0, 1)] int rounding)
    {
        if (!MachineCode.Roundings.Contains((RoundingKind)rounding))
            Assert.Ignore("this CPU lacks the instructions");
        Random random = new(version);
        byte[] rounded = Opcodes(instruction => instruction is >= InstructionType.FSwapR and < InstructionType.CBranch);
        byte[] changing = [.. rounded, .. Opcodes(instruction => instruction is InstructionType.CFRound or InstructionType.IXorM)];
        LaneSettings settings = new(2) { Rounding = (RoundingKind)rounding };
        using ProgramComparison machines = new((RandomXVersion)version, settings, _dataset.Memory, _dataset);
        foreach (byte[] opcodes in (IEnumerable<byte[]>)[rounded, changing])
        {
            foreach (RoundingMode mode in Enum.GetValues<RoundingMode>())
            {
                MachineState[] states = [RandomState(random, mode), RandomState(random, mode)];
                Assert.That(machines.Compare(RandomWords(random, version, settings.Lanes, opcodes), states), Is.Null, $"from {mode} on");
            }
        }
    }

    [Test]
    public void RandomPrograms_EndAsInterpreted([Values(0, 1)] int version) => CompareRandom(version, Programs);

    [Test]
    [Explicit("takes half an hour of a CPU, or more")]
    public void HundredThousandRandomPrograms_EndAsInterpreted([Values(0, 1)] int version) => CompareRandom(version, 100_000);

    [Test]
    public void Difference_OfAHash_IsToldWithItsProgramAndPlace()
    {
        using RepeatedDataset other = new(seed: 22);
        using ProgramComparison same = new(RandomXVersion.V1, new LaneSettings(2), _dataset.Memory, _dataset);
        using ProgramComparison different = new(RandomXVersion.V1, new LaneSettings(2), _dataset.Memory, other);
        Assert.That(same.FindDifference([1, 2, 3]), Is.Null);
        Assert.That(different.FindDifference([1, 2, 3]), Does.Match("^after program 0, lane 0: (fprc|r[0-7]) is .+ and .+$"));
    }

    // Only what rounds is different in the other way of rounding, so a few kinds do.
    private static IEnumerable<LaneSettings> Kinds() =>
    [
        .. FullMachine.Candidates(FullMachine.MostLanes(null), canTouch: !ShadowStack.IsOn),
        new LaneSettings(1, PrefetchKind.Batched),
        .. from rounding in MachineCode.Roundings
           where rounding != LaneSettings.BestRounding
           from lanes in (int[])[1, 2]
           select new LaneSettings(lanes) { Rounding = rounding },
    ];

    private static byte[] Opcodes(Func<InstructionType, bool> isWanted) =>
        [.. Enumerable.Range(0, 256).Select(opcode => (byte)opcode).Where(opcode => isWanted(InstructionTable.Type(opcode)))];

    // All kinds of machine code in turn.
    private void CompareRandom(int version, int programs)
    {
        Random random = new(version);
        LaneSettings[] kinds = [.. Kinds()];
        int perKind = programs / kinds.Length + 1;
        foreach (LaneSettings settings in kinds)
        {
            using ProgramComparison machines = new((RandomXVersion)version, settings, _dataset.Memory, _dataset);
            for (int done = 0; done < perKind; done += settings.Lanes)
            {
                MachineState[] states = [.. Enumerable.Range(0, settings.Lanes).Select(_ => RandomState(random))];
                Assert.That(machines.Compare(RandomWords(random, version, settings.Lanes), states), Is.Null, $"{settings}, program {done}");
            }
        }
    }

    private static ulong[] RandomWords(Random random, int version, int programs)
    {
        ulong[] words = new ulong[programs * (ConfigurationWords + Parameters.ProgramLength((RandomXVersion)version))];
        random.NextBytes(MemoryMarshal.AsBytes(words.AsSpan()));
        foreach (ref ulong word in words.AsSpan())
        {
            if (random.Next(4) == 0)
                word = (uint)word | (ulong)EdgeImmediates[random.Next(EdgeImmediates.Length)] << 32;
        }
        return words;
    }

    private static ulong[] RandomWords(Random random, int version, int programs, byte[] opcodes)
    {
        ulong[] words = RandomWords(random, version, programs);
        for (int i = 0; i < words.Length; i++)
        {
            if (i % (words.Length / programs) >= ConfigurationWords)
                words[i] = words[i] & ~0xFFul | opcodes[random.Next(opcodes.Length)];
        }
        return words;
    }

    private static MachineState RandomState(Random random) => RandomState(random, (RoundingMode)random.Next(4));

    private static MachineState RandomState(Random random, RoundingMode mode)
    {
        MachineState state = new() { Mode = mode };
        random.NextBytes(state.Scratchpad);
        return state;
    }

    private static MachineState EdgeState(Random random)
    {
        MachineState state = RandomState(random);
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(state.Scratchpad.AsSpan()))
        {
            if (random.Next(2) == 0)
                word = EdgeWords[random.Next(EdgeWords.Length)];
        }
        return state;
    }
}
