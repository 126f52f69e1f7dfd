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
    private const int Alignment = 64;

    [OneTimeSetUp]
    public void RequirePlatform()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Ignore("machine code is made on x86-64 Linux only");
    }

    [Test]
    public void LoneLane_EndsAProgramAsALaneAmongOthersDoes([Values(0, 1)] int version, [Range(0, Choices - 1)] int choice)
    {
        Random random = new(version * Choices + choice);
        ulong[] words = new ulong[ProgramConfiguration.Size / 8 + Parameters.ProgramLength((RandomXVersion)version)];
        random.NextBytes(MemoryMarshal.AsBytes(words.AsSpan()));
        words[12] = words[12] & ~15ul | (uint)choice;
        byte[] scratchpad = new byte[Parameters.ScratchpadL3];
        random.NextBytes(scratchpad);

        using RepeatedDataset dataset = new(seed: 12);
        Outcome lone = Run((RandomXVersion)version, new LaneSettings(1), dataset, words, scratchpad);
        Outcome amongOthers = Run((RandomXVersion)version, new LaneSettings(1, PrefetchKind.Batched), dataset, words, scratchpad);

        Assert.That(lone.Registers, Is.EqualTo(amongOthers.Registers));
        Assert.That(lone.Scratchpad.AsSpan().SequenceEqual(amongOthers.Scratchpad), Is.True);
        Assert.That(lone.Scratchpad.AsSpan().SequenceEqual(scratchpad), Is.False);
    }

    private static Outcome Run(RandomXVersion version, LaneSettings settings, RepeatedDataset dataset, ulong[] words, byte[] scratchpad)
    {
        const int ConfigurationWords = ProgramConfiguration.Size / 8;
        void* memory = NativeMemory.AlignedAlloc((nuint)(LaneContext.Stride + scratchpad.Length), Alignment);
        try
        {
            LaneContext* context = (LaneContext*)memory;
            Span<byte> pad = new((byte*)memory + LaneContext.Stride, scratchpad.Length);
            scratchpad.CopyTo(pad);
            using ProgramCompiler compiler = new(version, settings, ProgramForm.WithDataset);
            ProgramConfiguration configuration = Begin(context, words.AsSpan(0, ConfigurationWords), dataset);
            compiler.Begin();
            compiler.AddLane(configuration, words.AsSpan(ConfigurationWords));
            compiler.End();
            compiler.Run(context);
            return new Outcome(MemoryMarshal.AsBytes(new Span<RegisterFile>(ref context->Registers)).ToArray(), pad.ToArray());
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    // As a machine does at the begin of a program (specification, chapters 4.5 and 4.6.1).
    private static ProgramConfiguration Begin(LaneContext* context, ReadOnlySpan<ulong> words, RepeatedDataset dataset)
    {
        *context = default;
        ProgramConfiguration configuration = ProgramConfiguration.Read(words, ref context->Registers);
        context->Scratchpad = (byte*)context + LaneContext.Stride;
        for (int half = 0; half < 2; half++)
        {
            context->MantissaMask[half] = (1ul << 56) - 1;
            context->ScaleMask[half] = 0x80F0000000000000;
        }
        context->Mxcsr = InstructionTemplates.DefaultMxcsr;
        context->MxMa = configuration.Mx | (ulong)configuration.Ma << 32;
        context->ScratchpadAddress0 = configuration.Mx & ScratchpadMask.L3Line;
        context->ScratchpadAddress1 = configuration.Ma & ScratchpadMask.L3Line;
        context->ExponentMask[0] = configuration.LowExponentMask;
        context->ExponentMask[1] = configuration.HighExponentMask;
        context->Dataset = dataset.Memory + configuration.DatasetOffset;
        context->PendingLine = context->Dataset + (configuration.Ma & LaneSettings.AllLines);
        return configuration;
    }

    private sealed record Outcome(byte[] Registers, byte[] Scratchpad);
}
