using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>
/// Makes one function of the programs of several machines (lanes): they take turns at every iteration, so that one computes
/// while the dataset lines of the others are on their way.
/// </summary>
internal sealed unsafe class ProgramCompiler : IDisposable
{
    /// <summary>More than the longest instruction takes.</summary>
    private const int MaxInstructionSize = 48;

    /// <summary>Rounding modes but the first.</summary>
    private const int OtherModes = 3;

    private const byte JumpCode = 0xE9;
    private const int JumpSize = 5;

    /// <summary>More than the loop around a program takes.</summary>
    private const int MaxLoopSize = 1024;

    private readonly RandomXVersion _version;
    private readonly LaneSettings _settings;
    private readonly ProgramForm _form;
    private readonly bool _isAlone;
    private readonly CodeTemplate _fetchAll;
    private readonly LoopTemplates _templates;

    // Pieces of code before some instructions of each lane, in order.
    private readonly (int Index, CodeTemplate[] Templates)[] _insertions = [];
    private readonly CodeTemplate _next = LoopTemplates.Switch(1);
    private readonly CodeTemplate _first;
    private readonly CodeMemory _memory;
    private readonly int[] _starts;
    private readonly int _maxLaneSize;
    private ProgramEmitter _emitter;
    private int _lane;
    private byte* _position;
    private byte* _loop;
    private byte* _leave;
    private byte* _countDown;

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
        if (version == RandomXVersion.V2 && ManagedEngine.WhySecondInterpreted is string reason)
            throw new PlatformNotSupportedException(reason);
        _version = version;
        _settings = settings;
        _fetchAll = PrefetchTemplates.FetchAll(lanes);
        if (settings.Prefetch == PrefetchKind.Touched)
            _insertions = Insertions();
        _form = form;
        _isAlone = form == ProgramForm.WithDataset && lanes == 1 && settings.Prefetch == PrefetchKind.Plain;
        _templates = LoopTemplates.Of(settings.Rounding);
        _emitter = new ProgramEmitter(PackedTemplates.Of(version, settings.Rounding));
        _first = LoopTemplates.Switch(1 - lanes);
        _starts = new int[lanes];
        _maxLaneSize = MaxLoopSize + Parameters.ProgramLength(version) * MaxInstructionSize;
        int others = settings.Rounding == RoundingKind.Embedded ? OtherModes * lanes : 0;
        _memory = CodeMemory.Allocate((lanes + 1 + others) * _maxLaneSize);
        Begin();
    }

    /// <summary>The code made last, for listings.</summary>
    public ReadOnlySpan<byte> Code => new(_memory.Writable, (int)(_position - _memory.Writable));

    /// <summary>The parts of a function of one lane, in order, and where each begins in <see cref="Code"/>.</summary>
    /// <param name="offsets">Where each instruction of the lane's program does.</param>
    public IEnumerable<(int Offset, CodePart Part, int Instruction)> PartsOfSingleLane(int[] offsets)
    {
        yield return (0, _form == ProgramForm.WithDataset ? CodePart.Prologue : CodePart.Dispatcher, -1);
        yield return (_starts[0], CodePart.Enter, -1);
        for (int i = 0; i < offsets.Length; i++)
            yield return (offsets[i], CodePart.Instruction, i);
        yield return (OffsetOf(isLeave: true), CodePart.Leave, -1);
        if (_form == ProgramForm.WithDataset)
        {
            yield return (OffsetOf(isLeave: false), CodePart.CountDown, -1);
            yield return (Code.Length - _templates.Epilogue.Length, CodePart.Epilogue, -1);
        }
    }

    /// <summary>Starts a new function.</summary>
    public void Begin()
    {
        _position = _memory.Writable;
        Copy(_form == ProgramForm.WithDataset ? _templates.Prologue : _templates.Dispatcher);
        if (_isAlone)
            Copy(_templates.LoadAlone);
        _loop = _position;
        _lane = 0;
    }

    /// <summary>Adds the program of the next lane.</summary>
    /// <param name="context">Of the lane, in the state in which it begins the program; told where the code is.</param>
    /// <param name="configuration">Of the program.</param>
    /// <param name="words">Of the program.</param>
    public void AddLane(LaneContext* context, in ProgramConfiguration configuration, ReadOnlySpan<ulong> words)
    {
        BeginLane();
        Copy(_isAlone ? _templates.EnterAlone : _templates.Enter);
        byte* body = _position;
        _emitter.Begin(words, _position);
        int done = 0;
        foreach ((int index, CodeTemplate[] templates) in _insertions)
        {
            _position = _emitter.Write(words[done..index], _position);
            Copy(templates[_lane]);
            done = index;
        }
        _position = _emitter.Write(words[done..], _position);
        _emitter.End(words);
        if (_settings.Rounding == RoundingKind.Embedded)
            SetModes(context, body);
        EndLane(configuration);
    }

    /// <summary>Adds the program of a lane of which the code is to be listed: nothing is prefetched within it.</summary>
    /// <param name="configuration">Of the program.</param>
    /// <param name="words">Of the program.</param>
    /// <param name="offsets">Gets where the code of each instruction begins in <see cref="Code"/>.</param>
    public void AddLane(in ProgramConfiguration configuration, ReadOnlySpan<ulong> words, Span<int> offsets)
    {
        BeginLane();
        Copy(_isAlone ? _templates.EnterAlone : _templates.Enter);
        _emitter.Begin(words, _position);
        for (int i = 0; i < words.Length; i++)
        {
            offsets[i] = (int)(_position - _memory.Writable);
            _position = _emitter.Write(words.Slice(i, 1), _position);
        }
        _emitter.End(words);
        EndLane(configuration);
    }

    /// <summary>Puts another program in the place of a lane's; lanes that lie apart only.</summary>
    /// <param name="lane">Its number.</param>
    /// <param name="context">As for <see cref="AddLane(LaneContext*, in ProgramConfiguration, ReadOnlySpan{ulong})"/>.</param>
    /// <param name="configuration">Of the program.</param>
    /// <param name="words">Of the program.</param>
    public void ReplaceLane(int lane, LaneContext* context, in ProgramConfiguration configuration, ReadOnlySpan<ulong> words)
    {
        int lanes = _lane;
        byte* end = _position;
        _lane = lane;
        AddLane(context, configuration, words);
        _lane = lanes;
        _position = end;
    }

    /// <summary>Ends the function.</summary>
    public void End()
    {
        if (_form == ProgramForm.Apart)
            return;
        // The last lane has gone one context too far.
        _position -= _next.Length;
        if (_settings.Prefetch == PrefetchKind.Batched)
            Copy(_fetchAll);
        Copy(_first);
        _countDown = _position;
        Copy(LoopTemplates.CountDown);
        WriteJumpBack();
        Copy(_templates.Epilogue);
    }

    /// <summary>Runs all iterations of all lanes with a dataset.</summary>
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

    /// <summary>Keeps the memory of the code until <see cref="Release"/>.</summary>
    public void Hold()
    {
        bool isHeld = false;
        _memory.DangerousAddRef(ref isHeld);
    }

    /// <summary>Ends what <see cref="Hold"/> began.</summary>
    public void Release() => _memory.DangerousRelease();

    /// <summary>Runs one iteration of a few lanes that lie apart. The code must be held.</summary>
    /// <param name="calls">From <see cref="CallOf"/> since the last <see cref="End"/>.</param>
    /// <param name="count">At least one.</param>
    public void Run(LaneCall* calls, int count) =>
        ((delegate* unmanaged[Cdecl, SuppressGCTransition]<LaneCall*, nint, void>)_memory.Executable)(calls, count);

    public void Dispose() => _memory.Dispose();

    // A program that never changes the mode needs the one it begins with; any other one gets a copy for each.
    private void SetModes(LaneContext* context, byte* body)
    {
        byte* executable = _memory.Executable + (body - _memory.Writable);
        for (int mode = 0; mode <= OtherModes; mode++)
            context->Bodies[mode] = (ulong)executable;
        if (!_emitter.IsRoundingChanged)
        {
            _emitter.SetMode(context->Mode);
            return;
        }
        byte* copy = _memory.Writable + (_settings.Lanes + 1 + _lane * OtherModes) * _maxLaneSize;
        _emitter.CopyForOtherModes(_position, copy, _maxLaneSize);
        for (int mode = 1; mode <= OtherModes; mode++, copy += _maxLaneSize)
        {
            byte* end = copy + (_position - body);
            *end = JumpCode;
            Unsafe.WriteUnaligned(end + 1, (int)(_position - (end + JumpSize)));
            context->Bodies[mode] = (ulong)(_memory.Executable + (copy - _memory.Writable));
        }
    }

    // Lanes that lie apart have places of their own, so that each can be replaced.
    private void BeginLane()
    {
        if (_form == ProgramForm.Apart)
            _position = _loop + _lane * _maxLaneSize;
        _starts[_lane] = (int)(_position - _memory.Writable);
    }

    private void EndLane(in ProgramConfiguration configuration)
    {
        _leave = _position;
        Copy(_isAlone ? _templates.LeaveAlone(_version, configuration)
            : _form == ProgramForm.Apart
            ? _templates.LeaveOrPause(_version, configuration)
            : _templates.Leave(_version, configuration, isDeferred: _settings.Prefetch != PrefetchKind.Plain));
        if (_settings.LineMask != LaneSettings.AllLines)
            ConfineLines(new Span<byte>(_leave, (int)(_position - _leave)));
        if (_form == ProgramForm.WithDataset)
            Copy(_next);
        _lane++;
    }

    private int OffsetOf(bool isLeave) => (int)((isLeave ? _leave : _countDown) - _memory.Writable);

    private (int Index, CodeTemplate[] Templates)[] Insertions()
    {
        int[] lanes = [.. Enumerable.Range(0, _settings.Lanes)];
        (int Index, CodeTemplate[] Templates) touch =
            (LaneSettings.TouchIndex(_version), [.. lanes.Select(lane => PrefetchTemplates.Touch(Distance(lane, 1)))]);
        (int Index, CodeTemplate[] Templates) fetch =
            (_settings.FetchIndex(_version), [.. lanes.Select(lane => PrefetchTemplates.Fetch(Distance(lane, 2)))]);
        return touch.Index < fetch.Index ? [touch, fetch] : [fetch, touch];
    }

    // To the context of the lane that had its turn so many turns ago.
    private int Distance(int lane, int turns) => ((lane - turns) % _settings.Lanes + _settings.Lanes) % _settings.Lanes - lane;

    private void ConfineLines(Span<byte> code)
    {
        for (int i = 0; i + sizeof(uint) <= code.Length; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(code[i..]) == LaneSettings.AllLines)
                BinaryPrimitives.WriteUInt32LittleEndian(code[i..], _settings.LineMask);
        }
    }

    // While the flags say "not zero".
    private void WriteJumpBack()
    {
        const int Length = 6;
        int distance = (int)(_loop - (_position + Length));
        *_position++ = 0x0F;
        *_position++ = 0x85;
        Unsafe.WriteUnaligned(_position, distance);
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
