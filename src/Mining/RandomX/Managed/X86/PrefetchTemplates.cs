using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static P2PMiner.Mining.RandomX.Managed.X86.Registers;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Machine code between the instructions of a program that asks for other lanes' dataset lines.</summary>
internal static class PrefetchTemplates
{
    // Each takes some cycles; together they keep the return below unresolved until the load behind the call has begun.
    private const int DelayingMultiplications = 3;

    /// <summary>
    /// Loads the line of a lane in the shadow of a return that is predicted to go behind its call and goes elsewhere: the load
    /// is never retired, but its page walk is done.
    /// </summary>
    /// <param name="distance">Of the lane, counted in contexts from the one that runs.</param>
    public static CodeTemplate Touch(int distance) => CodeTemplate.Assemble(c =>
    {
        c.mov(rcx, PendingLine(distance));
        WriteUnretired(c, () => c.mov(rcx, __qword_ptr[rcx]), () => c.mov(edx, 1));
        c.nop();
    });

    /// <summary>A function of one argument, an array of addresses: touches so many lines at once, as <see cref="Touch"/> does one.</summary>
    public static CodeTemplate TouchAll(int lines) => CodeTemplate.Assemble(c =>
    {
        c.mov(rsi, __qword_ptr[rdi + 8 * (lines - 1)]);
        WriteUnretired(
            c,
            () =>
            {
                for (int line = 0; line < lines; line++)
                {
                    c.mov(rcx, __qword_ptr[rdi + 8 * line]);
                    c.mov(rcx, __qword_ptr[rcx]);
                }
            },
            () =>
            {
                // Not before the last address is known: it was written a moment ago.
                c.and(rsi, 0);
                c.lea(rdx, __[rsi + 1]);
            });
        c.ret();
    });

    /// <summary>Prefetches the line of a lane.</summary>
    /// <param name="distance">As for <see cref="Touch"/>.</param>
    public static CodeTemplate Fetch(int distance) => CodeTemplate.Assemble(c => WriteFetch(c, distance));

    /// <summary>Prefetches the lines of all lanes, in the last one's turn.</summary>
    public static CodeTemplate FetchAll(int lanes) => CodeTemplate.Assemble(c =>
    {
        for (int lane = 0; lane < lanes; lane++)
            WriteFetch(c, lane + 1 - lanes);
    });

    // What is written first runs, and is thrown away when the return turns out to go elsewhere; what is written second makes the 1 in
    // rdx that the return waits for.
    private static void WriteUnretired(Assembler c, Action writeThrownAway, Action writeOne)
    {
        Label redirect = c.CreateLabel();
        Label trap = c.CreateLabel();
        Label end = c.CreateLabel();
        c.call(redirect);
        writeThrownAway();
        c.Label(ref trap);
        c.pause();
        c.jmp(trap);
        c.Label(ref redirect);
        c.lea(rax, __[end]);
        writeOne();
        for (int i = 0; i < DelayingMultiplications; i++)
            c.imul(rdx, rdx);
        c.sub(rdx, 1);
        c.add(rax, rdx);
        c.mov(__qword_ptr[rsp], rax);
        c.ret();
        c.Label(ref end);
    }

    private static void WriteFetch(Assembler c, int distance)
    {
        c.mov(rcx, PendingLine(distance));
        c.prefetchnta(__byte_ptr[rcx]);
    }

    private static AssemblerMemoryOperand PendingLine(int distance) =>
        Field(nameof(LaneContext.PendingLine), distance * LaneContext.Stride);
}
