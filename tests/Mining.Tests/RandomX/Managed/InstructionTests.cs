using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>Single instructions in the interpreter, which the other back ends are compared with.</summary>
public sealed class InstructionTests
{
    private const string Vectors = "randomx-instructions.json";

    [TestCaseSource(nameof(Cases))]
    public void Instruction_DoesWhatReferenceTestsSay(JsonElement vector)
    {
        InterpretedVm vm = new(RandomXVersion.V1, TestCache.Key000);
        if (vector.TryGetProperty("rounding", out JsonElement rounding))
            vm.Mode = (RoundingMode)rounding.GetByte();
        RegisterFile registers = default;
        foreach (JsonProperty register in vector.GetProperty("before").EnumerateObject())
            Value(register).CopyTo(Register(ref registers, register.Name));
        byte[] scratchpad = new byte[Parameters.ScratchpadL3];
        if (vector.TryGetProperty("scratchpad", out _))
            vector.Hex("scratchpad").CopyTo(scratchpad, 0);

        vm.RunOnce([Word(vector.Text("word"))], Configuration(vector), ref registers, scratchpad);

        foreach (JsonProperty register in vector.GetProperty("after").EnumerateObject())
            Assert.That(Convert.ToHexString(Register(ref registers, register.Name)), Is.EqualTo(Convert.ToHexString(Value(register))), register.Name);
    }

    [Test]
    public void Decoder_FindsWhatReferenceTestsSay()
    {
        MicroInstruction[] program = new MicroInstruction[1];
        foreach (JsonElement vector in VectorFile.Read(Vectors, "decoded"))
        {
            ProgramDecoder.Decode([Word(vector.Text("word"))], program);
            Assert.That(
                (program[0].Type.ToString(), program[0].Mask, program[0].Immediate, (int)program[0].Destination),
                Is.EqualTo((vector.Text("type"), (uint)Word(vector.Text("mask")), Word(vector.Text("immediate")), 0)));
        }
    }

    /// <summary>As many opcodes as the specification gives each (tables 5.2.1, 5.3.1, 5.4.1 and 5.5.1).</summary>
    [Test]
    public void Opcodes_AreThoseOfTheVectors_AndTheLastOfTheirInstructions()
    {
        foreach (JsonElement vector in VectorFile.Read(Vectors))
        {
            byte opcode = (byte)Word(vector.Text("word"));
            string name = vector.Text("name").Split(' ')[0].Replace("_", "", StringComparison.Ordinal);
            Assert.That(InstructionTable.Type(opcode).ToString(), Is.EqualTo(name).IgnoreCase);
            Assert.That(opcode == byte.MaxValue || InstructionTable.Type((byte)(opcode + 1)) != InstructionTable.Type(opcode), Is.True, name);
        }
    }

    private static IEnumerable<TestCaseData> Cases() => VectorFile.Read(Vectors).Select((vector, index) =>
        new TestCaseData(vector).SetArgDisplayNames($"{index}: {vector.Text("name")}"));

    private static ProgramConfiguration Configuration(JsonElement vector)
    {
        ulong[] words = new ulong[ProgramConfiguration.Size / 8];
        if (vector.TryGetProperty("lowExponentMask", out _))
            (words[14], words[15]) = (ConfigurationWord(vector.Text("lowExponentMask")), ConfigurationWord(vector.Text("highExponentMask")));
        RegisterFile unused = default;
        return ProgramConfiguration.Read(words, ref unused);
    }

    // Of an exponent mask (specification, chapter 4.5.6) four bits of the exponent and 22 of the fraction come from the program.
    private static ulong ConfigurationWord(string mask) => Word(mask) >> 56 << 60 | Word(mask) & (1ul << 22) - 1;

    private static unsafe Span<byte> Register(ref RegisterFile registers, string name)
    {
        const int IntegerSize = 8, FloatSize = 16;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<RegisterFile>(ref registers));
        int index = name[1] - '0';
        return name[0] == 'r' ? bytes.Slice(index * IntegerSize, IntegerSize) : bytes.Slice(64 * (1 + "fea".IndexOf(name[0], StringComparison.Ordinal)) + index * FloatSize, FloatSize);
    }

    private static byte[] Value(JsonProperty register) => register.Name[0] == 'r'
        ? BitConverter.GetBytes(Word(register.Value.GetString()!))
        : Convert.FromHexString(register.Value.GetString()!);

    private static ulong Word(string hex) => ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
