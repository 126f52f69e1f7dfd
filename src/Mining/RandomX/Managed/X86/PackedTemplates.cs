using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// <see cref="InstructionTemplates"/> and what is filled in to them, laid out so that an instruction word leads to its code without
/// a decision.
/// </summary>
internal sealed unsafe class PackedTemplates
{
    /// <summary>Bytes of the code of one instruction, whatever its length.</summary>
    public const int CodeSize = 32;

    private const int Pairs = 8 * 8;
    private const int Mods = 256;
    private const int ShiftMask = 3 * Pairs;

    // Rows of masks. A memory operand without a source register has a constant address, which is masked beforehand.
    private const int Level = 0;
    private const int ConstantAddress = 1;
    private const int Store = 2;

    private const int AllRegisters = 0xFF;

    // By version, then by rounding.
    private static readonly Lazy<PackedTemplates>[] All =
    [
        new(() => new PackedTemplates(RandomXVersion.V1, RoundingKind.Register)),
        new(() => new PackedTemplates(RandomXVersion.V1, RoundingKind.Embedded)),
        new(() => new PackedTemplates(RandomXVersion.V2, RoundingKind.Register)),
        new(() => new PackedTemplates(RandomXVersion.V2, RoundingKind.Embedded)),
    ];

    // For each opcode the index of its first template, and in the upper half which bits of mod, 6 to the left of mod.shift, choose another one.
    private readonly uint* _forms;
    private readonly uint _nothing;

    private PackedTemplates(RandomXVersion version, RoundingKind rounding)
    {
        InstructionTemplates templates = new(version, rounding);
        _nothing = ((uint)InstructionType.IStore + 4) * Pairs;
        int count = (int)_nothing + 1;
        // Never freed: there is one per version and rounding.
        Codes = (byte*)NativeMemory.AlignedAlloc((nuint)count * CodeSize, CodeSize);
        _forms = Allocate<uint>(Mods);
        Plans = Allocate<InstructionPlan>(count);
        Masks = Allocate<uint>(3 * Mods);
        ImmediateMasks = Allocate<uint>(3);
        int next = 0;
        for (InstructionType type = 0; type <= InstructionType.IStore; type++)
            next = Add(templates, rounding, type, next);
        for (int mod = 0; mod < Mods; mod++)
        {
            Instruction instruction = new((ulong)mod << 24);
            Masks[Level * Mods + mod] = instruction.ReadMask(sameIsL3: false);
            Masks[Store * Mods + mod] = instruction.WriteMask;
        }
        (ImmediateMasks[Level], ImmediateMasks[ConstantAddress], ImmediateMasks[Store]) = (~0u, ScratchpadMask.L3, ~0u);
    }

    /// <summary>The code of each template, <see cref="CodeSize"/> bytes.</summary>
    public byte* Codes { get; }

    /// <summary>What is filled in to each template.</summary>
    public InstructionPlan* Plans { get; }

    /// <summary>Rows of 256 masks, one for each mod.</summary>
    public uint* Masks { get; }

    /// <summary>What remains of constants, for each row.</summary>
    public uint* ImmediateMasks { get; }

    /// <summary>Those of a version and rounding; made when first asked for.</summary>
    public static PackedTemplates Of(RandomXVersion version, RoundingKind rounding) => All[2 * (int)version + (int)rounding].Value;

    /// <summary>Which template is that of an instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint IndexOf(ulong word)
    {
        uint form = _forms[(byte)word];
        uint index = (ushort)form + (uint)(word >> 5 & 0x38) + ((uint)(word >> 16) & 7) + ((uint)(word >> 20) & form >> 16);
        // Hardly ever.
        if (!Reciprocal.IsDefined((uint)(word >> 32)) && Plans[index].Rest == InstructionRest.Reciprocal)
            return _nothing;
        return index;
    }

    private static T* Allocate<T>(int count)
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));

    private int Add(InstructionTemplates templates, RoundingKind rounding, InstructionType type, int first)
    {
        int shifts = type == InstructionType.IAddRs ? 4 : 1;
        for (int opcode = 0; opcode < Mods; opcode++)
        {
            if (InstructionTable.Type((byte)opcode) == type)
                _forms[opcode] = (uint)first | (shifts > 1 ? (uint)ShiftMask << 16 : 0);
        }
        for (int i = 0; i < shifts * Pairs; i++)
        {
            (int destination, int source) = Registers(type, i / 8 % 8, i % 8);
            CodeTemplate? template = templates.Find(type, destination, source, i / Pairs);
            Plans[first + i] = template is null ? default : Plan(template, rounding, type, destination, source);
            template?.Code.AsSpan(0, CodeSize).CopyTo(new Span<byte>(Codes + (first + i) * CodeSize, CodeSize));
        }
        return first + shifts * Pairs;
    }

    private static (int Destination, int Source) Registers(InstructionType type, int destination, int source) => type switch
    {
        InstructionType.FAddR or InstructionType.FSubR or InstructionType.FMulR or InstructionType.FScalR or InstructionType.FSqrtR =>
            (destination & 3, source & 3),
        InstructionType.FAddM or InstructionType.FSubM or InstructionType.FDivM => (destination & 3, source),
        _ => (destination, source),
    };

    // Where there is no constant, it goes behind the code: the next instruction is written over it.
    private static InstructionPlan Plan(CodeTemplate template, RoundingKind rounding, InstructionType type, int destination, int source)
    {
        bool isRotation = type is InstructionType.CFRound || type is InstructionType.IRorR or InstructionType.IRolR && destination == source;
        bool isConstantAddress = destination == source && type is (InstructionType.IAddM or InstructionType.ISubM or InstructionType.IMulM
            or InstructionType.IMulhM or InstructionType.ISMulhM or InstructionType.IXorM);
        bool isRounded = rounding == RoundingKind.Embedded && type is InstructionType.FAddR or InstructionType.FAddM or InstructionType.FSubR
            or InstructionType.FSubM or InstructionType.FMulR or InstructionType.FDivM or InstructionType.FSqrtR;
        int mask = type is InstructionType.CFRound ? template.ImmediateOffset : template.MaskOffset;
        int immediate = isRotation ? template.RotationOffset
            : type == InstructionType.IMulRcp ? template.LongImmediateOffset : template.ImmediateOffset;
        return new InstructionPlan
        {
            Length = checked((byte)(template.Length <= CodeSize ? template.Length : int.MaxValue)),
            ImmediateOffset = (byte)(immediate >= 0 ? immediate : template.Length),
            MaskOffset = (byte)(mask >= 0 ? mask : template.Length),
            MaskRow = (byte)(type == InstructionType.IStore ? Store : isConstantAddress ? ConstantAddress : Level),
            Modified = (byte)(type == InstructionType.CBranch ? AllRegisters
                : type == InstructionType.ISwapR ? 1 << destination | 1 << source
                : type < InstructionType.FSwapR ? 1 << destination
                : 0),
            Rest = type switch
            {
                InstructionType.CBranch => InstructionRest.Branch,
                InstructionType.IMulRcp => InstructionRest.Reciprocal,
                InstructionType.CFRound => InstructionRest.Rounding,
                _ => InstructionRest.None,
            },
            ModeOffset = (byte)(isRounded ? template.Length - FloatWriter.ModeFromEnd : 0),
        };
    }
}
