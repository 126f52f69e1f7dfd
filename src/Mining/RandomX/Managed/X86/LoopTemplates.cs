using Iced.Intel;
using P2PMiner.Mining.RandomX.Managed.Vm;
using static Iced.Intel.AssemblerRegisters;
using static P2PMiner.Mining.RandomX.Managed.X86.Registers;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>The machine code around the instructions of a program (specification, chapter 4.6.2).</summary>
internal static class LoopTemplates
{
    private const int DatasetMask = (int)LaneSettings.AllLines;

    // The stack in the loop: MXCSR of the caller, then the iterations left.
    private static readonly AssemblerMemoryOperand CallerMxcsr = __dword_ptr[rsp];
    private static readonly AssemblerMemoryOperand IterationsLeft = __dword_ptr[rsp + 8];
    private static readonly AssemblerMemoryOperand CallsLeft = __qword_ptr[rsp + 8];
    private static readonly AssemblerMemoryOperand NextCall = __qword_ptr[rsp + 16];
    private const int StackSize = 24;

    private static readonly AssemblerRegister64[] SavedRegisters = [rbx, rbp, r12, r13, r14, r15];

    private static readonly Lazy<CodeTemplate> LazyPrologue = new(() => CodeTemplate.Assemble(WritePrologue));
    private static readonly Lazy<CodeTemplate> LazyEpilogue = new(() => CodeTemplate.Assemble(WriteEpilogue));
    private static readonly Lazy<CodeTemplate> LazyDispatcher = new(() => CodeTemplate.Assemble(WriteDispatcher));
    private static readonly Lazy<CodeTemplate> LazyEnter = new(() => CodeTemplate.Assemble(WriteEnter));
    private static readonly Lazy<CodeTemplate> LazyLoadAlone = new(() => CodeTemplate.Assemble(WriteLoadAlone));
    private static readonly Lazy<CodeTemplate> LazyEnterAlone = new(() => CodeTemplate.Assemble(WriteEnterAlone));
    private static readonly Lazy<CodeTemplate>[,] LazyLeave = MakeAll((c, version, registers) => WriteLeave(c, version, registers, isDeferred: false));
    private static readonly Lazy<CodeTemplate>[,] LazyLeaveDeferred = MakeAll((c, version, registers) => WriteLeave(c, version, registers, isDeferred: true));
    private static readonly Lazy<CodeTemplate>[,] LazyLeaveAlone = MakeAll(WriteLeaveAlone);
    private static readonly Lazy<CodeTemplate>[,] LazyLeaveOrPause = MakeAll(WriteLeaveOrPause);

    /// <summary>A function of one argument, the first lane's context, in the calling convention of Linux on x86-64.</summary>
    public static CodeTemplate Prologue => LazyPrologue.Value;

    /// <summary>
    /// A function of two arguments, an array of <see cref="LaneCall"/> and how many of them to make, in the same calling convention.
    /// </summary>
    public static CodeTemplate Dispatcher => LazyDispatcher.Value;

    /// <summary>Returns to the caller.</summary>
    public static CodeTemplate Epilogue => LazyEpilogue.Value;

    /// <summary>Begins an iteration of a lane: loads its registers.</summary>
    public static CodeTemplate Enter => LazyEnter.Value;

    /// <summary>Comes before all iterations of a lane that has no others beside it: loads what stays in registers.</summary>
    public static CodeTemplate LoadAlone => LazyLoadAlone.Value;

    /// <summary>As <see cref="Enter"/>, for a lane that has no others beside it.</summary>
    public static CodeTemplate EnterAlone => LazyEnterAlone.Value;

    /// <summary>As <see cref="Leave"/>, for a lane that has no others beside it, with prefetches at once.</summary>
    public static CodeTemplate LeaveAlone(RandomXVersion version, in ProgramConfiguration configuration) =>
        LazyLeaveAlone[(int)version, Choices(configuration)].Value;

    /// <summary>Ends an iteration of a lane: reads the dataset, prefetches for the next iteration, and stores.</summary>
    /// <param name="version">Of the algorithm.</param>
    /// <param name="configuration">Of the lane's program.</param>
    /// <param name="isDeferred">Whether the dataset line is noted in the context to be prefetched later.</param>
    public static CodeTemplate Leave(RandomXVersion version, in ProgramConfiguration configuration, bool isDeferred) =>
        (isDeferred ? LazyLeaveDeferred : LazyLeave)[(int)version, Choices(configuration)].Value;

    /// <summary>
    /// Ends an iteration of a lane with the item that the context points to, and returns; without one stores what the caller needs to
    /// end it later.
    /// </summary>
    public static CodeTemplate LeaveOrPause(RandomXVersion version, in ProgramConfiguration configuration) =>
        LazyLeaveOrPause[(int)version, Choices(configuration)].Value;

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

    private static void WritePrologue(Assembler c)
    {
        foreach (AssemblerRegister64 register in SavedRegisters)
            c.push(register);
        c.sub(rsp, StackSize);
        c.stmxcsr(CallerMxcsr);
        c.lea(Context, __[rdi + LaneContext.Bias]);
        c.mov(IterationsLeft, Parameters.ProgramIterations);
        c.movaps(MantissaMask, Field(nameof(LaneContext.MantissaMask)));
        c.movaps(ScaleMask, Field(nameof(LaneContext.ScaleMask)));
    }

    private static void WriteEpilogue(Assembler c)
    {
        c.ldmxcsr(CallerMxcsr);
        c.add(rsp, StackSize);
        foreach (AssemblerRegister64 register in SavedRegisters.Reverse())
            c.pop(register);
        c.ret();
    }

    private static void WriteDispatcher(Assembler c)
    {
        Label next = c.CreateLabel();
        foreach (AssemblerRegister64 register in SavedRegisters)
            c.push(register);
        c.sub(rsp, StackSize);
        c.stmxcsr(CallerMxcsr);
        c.mov(NextCall, rdi);
        c.mov(CallsLeft, rsi);
        c.mov(Context, __[rdi]);
        c.movaps(MantissaMask, Field(nameof(LaneContext.MantissaMask)));
        c.movaps(ScaleMask, Field(nameof(LaneContext.ScaleMask)));
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
    private static void WriteEnter(Assembler c)
    {
        WriteLoadOfLane(c);
        WriteLines(c);
        for (int i = 0; i < 8; i++)
        {
            c.mov(R[i], File(nameof(RegisterFile.R), 8 * i));
            c.xor(R[i], __[rcx + 8 * i]);
        }
        WriteLoadOfFloats(c);
    }

    private static void WriteLoadAlone(Assembler c)
    {
        WriteLoadOfLane(c);
        for (int i = 0; i < 8; i++)
            c.mov(R[i], File(nameof(RegisterFile.R), 8 * i));
    }

    private static void WriteEnterAlone(Assembler c)
    {
        WriteLines(c);
        for (int i = 0; i < 8; i++)
            c.xor(R[i], __[rcx + 8 * i]);
        WriteLoadOfFloats(c);
    }

    private static void WriteLoadOfLane(Assembler c)
    {
        c.ldmxcsr(Field(nameof(LaneContext.Mxcsr)));
        c.mov(Scratchpad, Field(nameof(LaneContext.Scratchpad)));
        c.mov(edx, Field(nameof(LaneContext.ScratchpadAddress0)));
        c.mov(eax, Field(nameof(LaneContext.ScratchpadAddress1)));
        c.movaps(ExponentMask, Field(nameof(LaneContext.ExponentMask)));
        for (int i = 0; i < 4; i++)
            c.movaps(A[i], File(nameof(RegisterFile.A), 16 * i));
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

    private static void WriteLoadOfFloats(Assembler c)
    {
        for (int i = 0; i < 8; i++)
            c.cvtdq2pd(F[i], __qword_ptr[rdx + 8 * i]);
        for (int i = 4; i < 8; i++)
        {
            c.andps(F[i], MantissaMask);
            c.orps(F[i], ExponentMask);
        }
    }

    private static int Register(int registers, int index) => 2 * index + (registers >> index & 1);

    private static void WriteLeave(Assembler c, RandomXVersion version, int registers, bool isDeferred)
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
    private static void WriteLeaveAlone(Assembler c, RandomXVersion version, int registers)
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
    private static void WriteStores(Assembler c, RandomXVersion version)
    {
        c.mov(rcx, Field(nameof(LaneContext.Line1)));
        for (int i = 0; i < 8; i++)
            c.mov(__[rcx + 8 * i], R[i]);
        WriteFloatMix(c, version);
        c.mov(rcx, Field(nameof(LaneContext.Line0)));
        for (int i = 0; i < 4; i++)
            c.movaps(__[rcx + 16 * i], F[i]);
    }

    private static void WriteFloatFile(Assembler c)
    {
        for (int i = 0; i < 4; i++)
        {
            c.movaps(File(nameof(RegisterFile.F), 16 * i), F[i]);
            c.movaps(File(nameof(RegisterFile.E), 16 * i), F[4 + i]);
        }
    }

    // Steps 5 and 6, then all the others where the item is known, else what is left for the caller.
    private static void WriteLeaveOrPause(Assembler c, RandomXVersion version, int registers)
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
    private static void WriteFloatMix(Assembler c, RandomXVersion version)
    {
        for (int i = 0; i < 4; i++)
        {
            if (version == RandomXVersion.V1)
            {
                c.xorps(F[i], F[4 + i]);
                continue;
            }
            c.aesenc(F[0], F[4 + i]);
            c.aesdec(F[1], F[4 + i]);
            c.aesenc(F[2], F[4 + i]);
            c.aesdec(F[3], F[4 + i]);
        }
    }
}
