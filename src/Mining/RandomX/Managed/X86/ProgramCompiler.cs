using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Makes one function of the programs of several machines (lanes): they take turns at every iteration, so that one computes
/// while the dataset lines of the others are on their way.
/// </summary>
internal sealed unsafe class ProgramCompiler : IDisposable
{
    /// <summary>More than the loop around a program and its longest instructions take.</summary>
    private const int MaxLaneSize = 1024 + Parameters.MaxProgramLength * 48;

    private readonly RandomXVersion _version;
    private readonly LaneSettings _settings;
    private readonly ProgramForm _form;
    private readonly CodeTemplate[] _touches;
    private readonly CodeTemplate[] _fetches;
    private readonly CodeTemplate _fetchAll;
    private readonly int _touchIndex = -1;
    private readonly int _fetchIndex = -1;
    private readonly InstructionTemplates _instructions;
    private readonly CodeTemplate _next = LoopTemplates.Switch(1);
    private readonly CodeTemplate _first;
    private readonly CodeMemory _memory;
    private readonly int[] _starts;
    private readonly int[] _offsets = new int[Parameters.MaxProgramLength];
    private int _lane;
    private byte* _position;
    private byte* _loop;
    private int _dispatcher;

    /// <param name="version">Of the algorithm.</param>
    /// <param name="settings">How many programs a function has, and how they ask for their dataset lines.</param>
    /// <param name="form">What the functions are.</param>
    /// <exception cref="PlatformNotSupportedException">No machine code can be made here; the message says why.</exception>
    public ProgramCompiler(RandomXVersion version, LaneSettings settings, ProgramForm form)
    {
        int lanes = settings.Lanes;
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1, nameof(settings));
        if (settings.Prefetch == PrefetchKind.Touched && ShadowStack.IsOn)
            throw new PlatformNotSupportedException("shadow stacks are on, so dataset lines cannot be touched");
        _version = version;
        _settings = settings;
        _fetchAll = PrefetchTemplates.FetchAll(lanes);
        _touches = [.. Enumerable.Range(0, lanes).Select(lane => PrefetchTemplates.Touch(Distance(lane, 1)))];
        _fetches = [.. Enumerable.Range(0, lanes).Select(lane => PrefetchTemplates.Fetch(Distance(lane, 2)))];
        if (settings.Prefetch == PrefetchKind.Touched)
            (_touchIndex, _fetchIndex) = (LaneSettings.TouchIndex(version), settings.FetchIndex(version));
        _form = form;
        _instructions = InstructionTemplates.Of(version);
        _first = LoopTemplates.Switch(1 - lanes);
        _starts = new int[lanes];
        _memory = CodeMemory.Allocate((lanes + 1) * MaxLaneSize);
        Begin();
    }

    /// <summary>The code made last, for listings.</summary>
    public ReadOnlySpan<byte> Code => new(_memory.Writable, (int)(_position - _memory.Writable));

    /// <summary>Starts a new function.</summary>
    public void Begin()
    {
        _position = _memory.Writable;
        if (_form != ProgramForm.Apart)
            Copy(LoopTemplates.Prologue);
        _loop = _position;
        _lane = 0;
    }

    /// <summary>Adds the program of the next lane.</summary>
    public void AddLane(in ProgramConfiguration configuration, ReadOnlySpan<MicroInstruction> program)
    {
        _starts[_lane] = (int)(_position - _memory.Writable);
        Copy(LoopTemplates.Enter);
        byte* start = _position;
        for (int i = 0; i < program.Length; i++)
        {
            if (i == _touchIndex)
                Copy(_touches[_lane]);
            if (i == _fetchIndex)
                Copy(_fetches[_lane]);
            _offsets[i] = (int)(_position - start);
            if (program[i].Type is not null)
                Write(program[i], start);
        }
        byte* leave = _position;
        Copy(_form == ProgramForm.WithDataset
            ? LoopTemplates.Leave(_version, configuration, isDeferred: _settings.Prefetch != PrefetchKind.Plain)
            : LoopTemplates.Pause(_version, configuration));
        if (_settings.LineMask != LaneSettings.AllLines)
            ConfineLines(new Span<byte>(leave, (int)(_position - leave)));
        Copy(_form == ProgramForm.Apart ? LoopTemplates.Return : _next);
        _lane++;
    }

    /// <summary>Ends the function.</summary>
    public void End()
    {
        if (_form == ProgramForm.Apart)
        {
            _dispatcher = (int)(_position - _memory.Writable);
            Copy(LoopTemplates.Dispatcher);
            return;
        }
        if (_form == ProgramForm.WithDataset)
        {
            // The last lane has gone one context too far.
            _position -= _next.Length;
            if (_settings.Prefetch == PrefetchKind.Batched)
                Copy(_fetchAll);
            Copy(_first);
            Copy(LoopTemplates.CountDown);
            WriteJump(notEqual: true, _loop);
        }
        Copy(LoopTemplates.Epilogue);
    }

    /// <summary>Runs all iterations of all lanes with a dataset, else one of each.</summary>
    /// <param name="lanes">As many contexts as lanes were added, aligned to 64 bytes.</param>
    public void Run(LaneContext* lanes)
    {
        bool isHeld = false;
        try
        {
            _memory.DangerousAddRef(ref isHeld);
            ((delegate* unmanaged[Cdecl]<LaneContext*, void>)_memory.Executable)(lanes);
        }
        finally
        {
            if (isHeld)
                _memory.DangerousRelease();
        }
    }

    /// <summary>What calls the code of one lane; lanes that lie apart only.</summary>
    public LaneCall CallOf(int lane, LaneContext* context) =>
        new((nint)context + LaneContext.Bias, (nint)(_memory.Executable + _starts[lane]));

    /// <summary>Runs one iteration of lanes that lie apart.</summary>
    /// <param name="calls">At least one, from <see cref="CallOf"/> since the last <see cref="End"/>.</param>
    public void Run(ReadOnlySpan<LaneCall> calls)
    {
        bool isHeld = false;
        try
        {
            _memory.DangerousAddRef(ref isHeld);
            fixed (LaneCall* first = calls)
                ((delegate* unmanaged[Cdecl]<LaneCall*, nint, void>)(_memory.Executable + _dispatcher))(first, calls.Length);
        }
        finally
        {
            if (isHeld)
                _memory.DangerousRelease();
        }
    }

    public void Dispose() => _memory.Dispose();

    // To the context of the lane that had its turn so many turns ago.
    private int Distance(int lane, int turns) => ((lane - turns) % _settings.Lanes + _settings.Lanes) % _settings.Lanes - lane;

    private void Write(in MicroInstruction instruction, byte* start)
    {
        CodeTemplate template = _instructions.Find(instruction);
        byte* code = _position;
        Copy(template);
        if (template.LongImmediateOffset >= 0)
            Unsafe.WriteUnaligned(code + template.LongImmediateOffset, instruction.Immediate);
        if (template.ImmediateOffset >= 0)
            Unsafe.WriteUnaligned(code + template.ImmediateOffset, Immediate(instruction));
        if (template.MaskOffset >= 0)
            Unsafe.WriteUnaligned(code + template.MaskOffset, instruction.Mask);
        if (instruction.Type == InstructionType.CBranch)
            WriteJump(notEqual: false, start + _offsets[instruction.Target]);
    }

    // A memory operand without a source register has a constant address; what is counted and masked keeps its low bits anyway.
    private static uint Immediate(in MicroInstruction instruction) =>
        instruction is { HasNoSource: true, Mask: not 0 } ? (uint)instruction.Immediate & instruction.Mask : (uint)instruction.Immediate;

    private void ConfineLines(Span<byte> code)
    {
        for (int i = 0; i + sizeof(uint) <= code.Length; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(code[i..]) == LaneSettings.AllLines)
                BinaryPrimitives.WriteUInt32LittleEndian(code[i..], _settings.LineMask);
        }
    }

    private void WriteJump(bool notEqual, byte* target)
    {
        const int Length = 6;
        *_position++ = 0x0F;
        *_position++ = notEqual ? (byte)0x85 : (byte)0x84;
        Unsafe.WriteUnaligned(_position, (int)(target - (_position - 2) - Length));
        _position += 4;
    }

    private void Copy(CodeTemplate template)
    {
        ref byte code = ref template.Code[0];
        if (template.Length <= CodeTemplate.CopySize)
        {
            Vector256.LoadUnsafe(ref code).Store(_position);
            Vector256.LoadUnsafe(ref code, 32).Store(_position + 32);
        }
        else
        {
            template.Code.AsSpan(0, template.Length).CopyTo(new Span<byte>(_position, template.Length));
        }
        _position += template.Length;
    }
}
