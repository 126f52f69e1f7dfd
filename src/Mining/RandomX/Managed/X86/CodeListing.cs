using Iced.Intel;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Lists the programs of a hash and the machine code that is made of them.</summary>
public static class CodeListing
{
    private const int TextColumn = 36;

    /// <summary>Writes the programs of one hash, with the machine code of one lane where it can be made, and computes the hash by interpreting them.</summary>
    /// <param name="output">Gets the text.</param>
    /// <param name="cache">Of engine managed.</param>
    /// <param name="version">Of the algorithm.</param>
    /// <param name="input">What is hashed.</param>
    /// <param name="hasDataset">Whether the code is that which reads a dataset.</param>
    /// <param name="only">The number of the one program to be listed, from 1 on; null lists all.</param>
    /// <returns>The hash.</returns>
    public static byte[] Write(
        TextWriter output, IRandomXCache cache, RandomXVersion version, ReadOnlySpan<byte> input, bool hasDataset, int? only)
    {
        string? whyInterpreted = version == RandomXVersion.V1 ? ManagedEngine.WhyInterpreted : ManagedEngine.WhySecondInterpreted;
        using ProgramCompiler? compiler = whyInterpreted is null
            ? new ProgramCompiler(version, new LaneSettings(1), hasDataset ? ProgramForm.WithDataset : ProgramForm.Apart)
            : null;
        output.WriteLine($"; {(version == RandomXVersion.V1 ? "rx/0" : "rx/2")}, {(hasDataset ? "with" : "without")} a dataset, one lane");
        if (compiler is not null && LaneSettings.BestRounding == RoundingKind.Embedded)
            output.WriteLine("; instructions that round have the mode to nearest; of programs with CFROUND there is a copy for each other mode, where it goes on");
        if (compiler is null)
            output.WriteLine($"; programs are interpreted here, so there is no machine code: {whyInterpreted}");
        int number = 0;
        InterpretedVm vm = new(version, (ManagedCache)cache)
        {
            Decoded = (configuration, words, program) =>
            {
                if (++number == (only ?? number))
                    WriteProgram(output, compiler, number, configuration, words.Span, program.Span);
            },
        };
        byte[] hash = new byte[Hash256.Size];
        vm.CalculateHash(input, hash);
        return hash;
    }

    private static void WriteProgram(
        TextWriter output, ProgramCompiler? compiler, int number, in ProgramConfiguration configuration, ReadOnlySpan<ulong> words,
        ReadOnlySpan<MicroInstruction> program)
    {
        output.WriteLine();
        output.WriteLine($"; program {number} of {Parameters.ProgramCount}: {program.Length} instructions, {Parameters.ProgramIterations} iterations");
        if (compiler is null)
        {
            for (int i = 0; i < program.Length; i++)
                output.WriteLine(Title(words, program, i));
            return;
        }
        compiler.Begin();
        int[] offsets = new int[program.Length];
        compiler.AddLane(configuration, words, offsets);
        compiler.End();
        byte[] code = compiler.Code.ToArray();
        (int Offset, CodePart Part, int Instruction)[] parts = [.. compiler.PartsOfSingleLane(offsets)];
        for (int i = 0; i < parts.Length; i++)
        {
            int end = i + 1 < parts.Length ? parts[i + 1].Offset : code.Length;
            output.WriteLine(parts[i].Part == CodePart.Instruction ? Title(words, program, parts[i].Instruction) : $"; {Title(parts[i].Part)}");
            WriteCode(output, code, parts[i].Offset, end);
        }
    }

    private static string Title(ReadOnlySpan<ulong> words, ReadOnlySpan<MicroInstruction> program, int index) =>
        $"; {index,3}  {InstructionText.Of(words[index], program[index])}";

    private static string Title(CodePart part) => part switch
    {
        CodePart.Prologue => "prologue: registers of the caller, constants, what a lane without others keeps in registers",
        CodePart.Enter => "an iteration begins: scratchpad lines into r, f and e",
        CodePart.Leave => "an iteration ends: dataset read or the line that is wanted, next scratchpad lines, stores",
        CodePart.CountDown => "next iteration",
        CodePart.Dispatcher => "dispatcher: calls the code above for one lane or more, saves the registers of the caller around that",
        _ => "epilogue: back to the caller",
    };

    private static void WriteCode(TextWriter output, byte[] code, int start, int end)
    {
        ByteArrayCodeReader reader = new(code, start, end - start);
        Decoder decoder = Decoder.Create(64, reader, (ulong)start);
        IntelFormatter formatter = new();
        StringOutput text = new();
        while (reader.CanReadByte)
        {
            Iced.Intel.Instruction instruction = decoder.Decode();
            formatter.Format(instruction, text);
            int offset = (int)instruction.IP;
            string bytes = Convert.ToHexStringLower(code, offset, instruction.Length);
            output.WriteLine($"  {offset:x5}  {bytes.PadRight(TextColumn - 9)} {text.ToStringAndReset()}");
        }
    }
}
