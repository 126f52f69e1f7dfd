using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Vm;
using static Iced.Intel.AssemblerRegisters;
using static P2PMiner.Mining.RandomX.Managed.X86.Registers;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>The machine code around the instructions of a program (specification, chapter 4.6.2).</summary>
internal sealed class LoopTemplates
{
    private const int DatasetMask = (int)LaneSettings.AllLines;

    // The stack in the loop: MXCSR of the caller, then the iterations left.
    private static readonly AssemblerMemoryOperand CallerMxcsr = __dword_ptr[rsp];
    private static readonly AssemblerMemoryOperand IterationsLeft = __dword_ptr[rsp + 8];
    private static readonly AssemblerMemoryOperand CallsLeft = __qword_ptr[rsp + 8];
    private static readonly AssemblerMemoryOperand NextCall = __qword_ptr[rsp + 16];
    private const int StackSize = 24;

    private static readonly AssemblerRegister64[] SavedRegisters = [rbx, rbp, r12, r13, r14, r15];

    private static readonly LoopTemplates[] All = [new(RoundingKind.Register), new(RoundingKind.Embedded)];

    private readonly RoundingKind _rounding;
    private readonly Lazy<CodeTemplate> _prologue;
    private readonly Lazy<CodeTemplate> _epilogue;
    private readonly Lazy<CodeTemplate> _dispatcher;
    private readonly Lazy<CodeTemplate> _enter;
    private readonly Lazy<CodeTemplate> _loadAlone;
    private readonly Lazy<CodeTemplate> _enterAlone;
    private readonly Lazy<CodeTemplate>[,] _leave;
    private readonly Lazy<CodeTemplate>[,] _leaveDeferred;
    private readonly Lazy<CodeTemplate>[,] _leaveAlone;
    private readonly Lazy<CodeTemplate>[,] _leaveOrPause;

    private LoopTemplates(RoundingKind rounding)
    {
        _rounding = rounding;
        _prologue = new(() => CodeTemplate.Assemble(WritePrologue));
        _epilogue = new(() => CodeTemplate.Assemble(WriteEpilogue));
        _dispatcher = new(() => CodeTemplate.Assemble(WriteDispatcher));
        _enter = new(() => CodeTemplate.Assemble(WriteEnter));
        _loadAlone = new(() => CodeTemplate.Assemble(WriteLoadAlone));
        _enterAlone = new(() => CodeTemplate.Assemble(WriteEnterAlone));
        _leave = MakeAll((c, version, registers) => WriteLeave(c, version, registers, isDeferred: false));
        _leaveDeferred = MakeAll((c, version, registers) => WriteLeave(c, version, registers, isDeferred: true));
        _leaveAlone = MakeAll(WriteLeaveAlone);
        _leaveOrPause = MakeAll(WriteLeaveOrPause);
    }

    /// <summary>Those for code that rounds in one way; made when first asked for.</summary>
    public static LoopTemplates Of(RoundingKind rounding) => All[(int)rounding];

    /// <summary>A function of one argument, the first lane's context, in the calling convention of Linux on x86-64.</summary>
    public CodeTemplate Prologue => _prologue.Value;

    /// <summary>
    /// A function of two arguments, an array of <see cref="LaneCall"/> and how many of them to make, in the same calling convention.
    /// </summary>
    public CodeTemplate Dispatcher => _dispatcher.Value;

    /// <summary>Returns to the caller.</summary>
    public CodeTemplate Epilogue => _epilogue.Value;

    /// <summary>Begins an iteration of a lane: loads its registers.</summary>
    public CodeTemplate Enter => _enter.Value;

    /// <summary>Comes before all iterations of a lane that has no others beside it: loads what stays in registers.</summary>
    public CodeTemplate LoadAlone => _loadAlone.Value;

    /// <summary>As <see cref="Enter"/>, for a lane that has no others beside it.</summary>
    public CodeTemplate EnterAlone => _enterAlone.Value;

    /// <summary>As <see cref="Leave"/>, for a lane that has no others beside it, with prefetches at once.</summary>
    public CodeTemplate LeaveAlone(RandomXVersion version, in ProgramConfiguration configuration) =>
        _leaveAlone[(int)version, Choices(configuration)].Value;

    /// <summary>Ends an iteration of a lane: reads the dataset, prefetches for the next iteration, and stores.</summary>
    /// <param name="version">Of the algorithm.</param>
    /// <param name="configuration">Of the lane's program.</param>
    /// <param name="isDeferred">Whether the dataset line is noted in the context to be prefetched later.</param>
    public CodeTemplate Leave(RandomXVersion version, in ProgramConfiguration configuration, bool isDeferred) =>
        (isDeferred ? _leaveDeferred : _leave)[(int)version, Choices(configuration)].Value;

    /// <summary>
    /// Ends an iteration of a lane with the item that the context points to, and returns; without one stores what the caller needs to
    /// end it later.
    /// </summary>
    public CodeTemplate LeaveOrPause(RandomXVersion version, in ProgramConfiguration configuration) =>
        _leaveOrPause[(int)version, Choices(configuration)].Value;

    /// <summary>Goes from one lane's context to another's.</summary>
    public static CodeTemplate Switch(int lanes) => CodeTemplate.Assemble(c => c.add(Context, lanes * LaneContext.Stride));

    /// <summary>Counts an iteration of all lanes; the jump to the first lane's next one follows, if the flags say "not zero".</summary>
    public static CodeTemplate CountDown { get; } = CodeTemplate.Assemble(c => c.sub(IterationsLeft, 1));

    private static int Choices(in ProgramConfiguration configuration)
    {
        int registers = 0;
        for (int i = 0; i < 4; i++)
            registers |= (configuration.ReadRegister(i) & 1) << i;
        return registers;
    }

    private static Lazy<CodeTemplate>[,] MakeAll(Action<Assembler, RandomXVersion, int> write)
    {
        Lazy<CodeTemplate>[,] templates = new Lazy<CodeTemplate>[2, 16];
        for (int version = 0; version < 2; version++)
        {
            for (int registers = 0; registers < 16; registers++)
            {
                RandomXVersion v = (RandomXVersion)version;
                int bits = registers;
                templates[version, registers] = new(() => CodeTemplate.Assemble(c => write(c, v, bits)));
            }
        }
        return templates;
    }

    private void WritePrologue(Assembler c)
    {
        foreach (AssemblerRegister64 register in SavedRegisters)
            c.push(register);
        c.sub(rsp, StackSize);
        if (_rounding == RoundingKind.Register)
            c.stmxcsr(CallerMxcsr);
        c.lea(Context, __[rdi + LaneContext.Bias]);
        c.mov(IterationsLeft, Parameters.ProgramIterations);
        WriteLoadOfMasks(c);
    }

    private void WriteEpilogue(Assembler c)
    {
        Floats(c).End();
        if (_rounding == RoundingKind.Register)
            c.ldmxcsr(CallerMxcsr);
        c.add(rsp, StackSize);
        foreach (AssemblerRegister64 register in SavedRegisters.Reverse())
            c.pop(register);
        c.ret();
    }

    private void WriteDispatcher(Assembler c)
    {
        Label next = c.CreateLabel();
        foreach (AssemblerRegister64 register in SavedRegisters)
            c.push(register);
        c.sub(rsp, StackSize);
        if (_rounding == RoundingKind.Register)
            c.stmxcsr(CallerMxcsr);
        c.mov(NextCall, rdi);
        c.mov(CallsLeft, rsi);
        c.mov(Context, __[rdi]);
        WriteLoadOfMasks(c);
        c.Label(ref next);
        c.mov(rax, NextCall);
        c.mov(Context, __[rax]);
        c.call(__qword_ptr[rax + 8]);
        c.add(NextCall, sizeof(ulong) * 2);
        c.dec(CallsLeft);
        c.jne(next);
        WriteEpilogue(c);
    }

    // Steps 1 to 3; the addresses were made at the end of the iteration before.
    private void WriteEnter(Assembler c)
    {
        WriteLoadOfLane(c);
        WriteLines(c);
        for (int i = 0; i < 8; i++)
        {
            c.mov(R[i], File(nameof(RegisterFile.R), 8 * i));
            c.xor(R[i], __[rcx + 8 * i]);
        }
        WriteLoadOfFloats(c);
        WriteJumpToBody(c);
    }

    private void WriteLoadAlone(Assembler c)
    {
        WriteLoadOfLane(c);
        for (int i = 0; i < 8; i++)
            c.mov(R[i], File(nameof(RegisterFile.R), 8 * i));
    }

    private void WriteEnterAlone(Assembler c)
    {
        WriteLines(c);
        for (int i = 0; i < 8; i++)
            c.xor(R[i], __[rcx + 8 * i]);
        WriteLoadOfFloats(c);
        WriteJumpToBody(c);
    }

    // To the code for the lane's rounding mode.
    private void WriteJumpToBody(Assembler c)
    {
        if (_rounding == RoundingKind.Register)
            return;
        c.mov(ecx, Field(nameof(LaneContext.Mode)));
        c.jmp(BodyOfMode);
    }

    private void WriteLoadOfMasks(Assembler c)
    {
        Floats(c).Load(MantissaMask, Field(nameof(LaneContext.MantissaMask)));
        Floats(c).Load(ScaleMask, Field(nameof(LaneContext.ScaleMask)));
    }

    private void WriteLoadOfLane(Assembler c)
    {
        if (_rounding == RoundingKind.Register)
        {
            c.mov(ecx, Field(nameof(LaneContext.Mode)));
            c.ldmxcsr(MxcsrOfMode);
        }
        c.mov(Scratchpad, Field(nameof(LaneContext.Scratchpad)));
        c.mov(edx, Field(nameof(LaneContext.ScratchpadAddress0)));
        c.mov(eax, Field(nameof(LaneContext.ScratchpadAddress1)));
        Floats(c).Load(ExponentMask, Field(nameof(LaneContext.ExponentMask)));
        for (int i = 0; i < 4; i++)
            Floats(c).Load(A[i], File(nameof(RegisterFile.A), 16 * i));
        c.mov(Dataset, Field(nameof(LaneContext.Dataset)));
        c.mov(MxMa, Field(nameof(LaneContext.MxMa)));
    }

    // From the addresses in edx and eax.
    private static void WriteLines(Assembler c)
    {
        c.lea(rcx, __[Scratchpad + rdx]);
        c.lea(rdx, __[Scratchpad + rax]);
        c.mov(Field(nameof(LaneContext.Line0)), rcx);
        c.mov(Field(nameof(LaneContext.Line1)), rdx);
    }

    private void WriteLoadOfFloats(Assembler c)
    {
        for (int i = 0; i < 8; i++)
            Floats(c).Convert(F[i], __qword_ptr[rdx + 8 * i]);
        for (int i = 4; i < 8; i++)
            Floats(c).MaskExponent(F[i]);
    }

    private FloatWriter Floats(Assembler c) => new(c, _rounding);

    private static int Register(int registers, int index) => 2 * index + (registers >> index & 1);

    private void WriteLeave(Assembler c, RandomXVersion version, int registers, bool isDeferred)
    {
        WriteDatasetRead(c, version, Register(registers, 2), Register(registers, 3), isDeferred);
        WriteNextAddresses(c, Register(registers, 0), Register(registers, 1));
        c.mov(Field(nameof(LaneContext.ScratchpadAddress0)), edx);
        c.mov(Field(nameof(LaneContext.ScratchpadAddress1)), eax);
        WriteStores(c, version);
        for (int i = 0; i < 8; i++)
            c.mov(File(nameof(RegisterFile.R), 8 * i), R[i]);
        c.mov(Field(nameof(LaneContext.MxMa)), MxMa);

        // The next iteration loads f and e anew, so only the last one keeps them.
        Label isNotLast = c.CreateLabel();
        c.cmp(IterationsLeft, 1);
        c.jne(isNotLast);
        WriteFloatFile(c);
        c.Label(ref isNotLast);
        c.nop();
    }

    // The registers stay where they are; only the last iteration keeps them in memory.
    private void WriteLeaveAlone(Assembler c, RandomXVersion version, int registers)
    {
        WriteDatasetRead(c, version, Register(registers, 2), Register(registers, 3), isDeferred: false);
        WriteNextAddresses(c, Register(registers, 0), Register(registers, 1));
        WriteStores(c, version);
        Label isNotLast = c.CreateLabel();
        c.cmp(IterationsLeft, 1);
        c.jne(isNotLast);
        for (int i = 0; i < 8; i++)
            c.mov(File(nameof(RegisterFile.R), 8 * i), R[i]);
        WriteFloatFile(c);
        c.Label(ref isNotLast);
        c.nop();
    }

    // Steps 9 to 11. f goes after r: the two lines can be the same.
    private void WriteStores(Assembler c, RandomXVersion version)
    {
        c.mov(rcx, Field(nameof(LaneContext.Line1)));
        for (int i = 0; i < 8; i++)
            c.mov(__[rcx + 8 * i], R[i]);
        WriteFloatMix(c, version);
        c.mov(rcx, Field(nameof(LaneContext.Line0)));
        for (int i = 0; i < 4; i++)
            Floats(c).Store(__xmmword_ptr[rcx + 16 * i], F[i]);
    }

    private void WriteFloatFile(Assembler c)
    {
        for (int i = 0; i < 4; i++)
        {
            Floats(c).Store(File(nameof(RegisterFile.F), 16 * i), F[i]);
            Floats(c).Store(File(nameof(RegisterFile.E), 16 * i), F[4 + i]);
        }
    }

    // Steps 5 and 6, then all the others where the item is known, else what is left for the caller.
    private void WriteLeaveOrPause(Assembler c, RandomXVersion version, int registers)
    {
        Label wait = c.CreateLabel();
        c.mov(rcx, Field(nameof(LaneContext.Item)));
        c.mov(eax, R32[Register(registers, 2)]);
        c.xor(eax, R32[Register(registers, 3)]);
        if (version == RandomXVersion.V1)
            c.xor(MxMa, rax);
        c.ror(MxMa, 32);
        if (version == RandomXVersion.V2)
            c.xor(MxMa, rax);
        c.mov(Field(nameof(LaneContext.MxMa)), MxMa);
        c.test(rcx, rcx);
        c.je(wait);
        for (int i = 0; i < 8; i++)
            c.xor(R[i], __[rcx + 8 * i]);
        WriteNextAddresses(c, Register(registers, 0), Register(registers, 1));
        c.mov(Field(nameof(LaneContext.ScratchpadAddress0)), edx);
        c.mov(Field(nameof(LaneContext.ScratchpadAddress1)), eax);
        WriteStores(c, version);
        for (int i = 0; i < 8; i++)
            c.mov(File(nameof(RegisterFile.R), 8 * i), R[i]);
        c.ret();
        c.Label(ref wait);
        for (int i = 0; i < 8; i++)
            c.mov(File(nameof(RegisterFile.R), 8 * i), R[i]);
        WriteFloatMix(c, version);
        WriteFloatFile(c);
        c.ret();
    }

    // Steps 5 to 8. Version 1 prefetches what the next iteration reads, version 2 what the one after it does.
    private static void WriteDatasetRead(Assembler c, RandomXVersion version, int register2, int register3, bool isDeferred)
    {
        c.mov(eax, R32[register2]);
        c.xor(eax, R32[register3]);
        if (version == RandomXVersion.V1)
        {
            c.xor(MxMa, rax);
            WritePrefetch(c, isDeferred);
            c.ror(MxMa, 32);
            c.mov(edx, ebp);
        }
        else
        {
            c.ror(MxMa, 32);
            c.mov(edx, ebp);
            c.xor(MxMa, rax);
            WritePrefetch(c, isDeferred);
        }
        c.and(edx, DatasetMask);
        for (int i = 0; i < 8; i++)
            c.xor(R[i], __[Dataset + rdx + 8 * i]);
    }

    private static void WritePrefetch(Assembler c, bool isDeferred)
    {
        c.mov(ecx, ebp);
        c.and(ecx, DatasetMask);
        if (!isDeferred)
        {
            c.prefetchnta(__byte_ptr[Dataset + rcx]);
            return;
        }
        c.add(rcx, Dataset);
        c.mov(Field(nameof(LaneContext.PendingLine)), rcx);
    }

    // Step 1 of the next iteration, and a prefetch of its lines: their addresses are in edx and eax.
    private static void WriteNextAddresses(Assembler c, int register0, int register1)
    {
        c.mov(rax, R[register0]);
        c.xor(rax, R[register1]);
        c.mov(edx, eax);
        c.shr(rax, 32);
        c.and(edx, (int)ScratchpadMask.L3Line);
        c.and(eax, (int)ScratchpadMask.L3Line);
        c.prefetcht0(__byte_ptr[Scratchpad + rdx]);
        c.prefetcht0(__byte_ptr[Scratchpad + rax]);
    }

    // Step 10.
    private void WriteFloatMix(Assembler c, RandomXVersion version)
    {
        FloatWriter floats = Floats(c);
        for (int i = 0; i < 4; i++)
        {
            if (version == RandomXVersion.V1)
            {
                floats.Xor(F[i], F[4 + i]);
                continue;
            }
            floats.AesEncrypt(F[0], F[4 + i]);
            floats.AesDecrypt(F[1], F[4 + i]);
            floats.AesEncrypt(F[2], F[4 + i]);
            floats.AesDecrypt(F[3], F[4 + i]);
        }
    }
}
