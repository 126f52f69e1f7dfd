using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Where the generated code keeps things.</summary>
internal static class Registers
{
    /// <summary>r0 to r7.</summary>
    public static readonly AssemblerRegister64[] R = [r8, r9, r10, r11, r12, r13, r14, r15];

    /// <summary>Their low halves.</summary>
    public static readonly AssemblerRegister32[] R32 = [r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d];

    /// <summary>f0 to f3, then e0 to e3.</summary>
    public static readonly AssemblerRegisterXMM[] F = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7];

    /// <summary>a0 to a3.</summary>
    public static readonly AssemblerRegisterXMM[] A = [xmm8, xmm9, xmm10, xmm11];

    /// <summary>For converted memory operands.</summary>
    public static readonly AssemblerRegisterXMM Operand = xmm12;

    public static readonly AssemblerRegisterXMM MantissaMask = xmm13;

    public static readonly AssemblerRegisterXMM ExponentMask = xmm14;

    public static readonly AssemblerRegisterXMM ScaleMask = xmm15;

    /// <summary>The lane's context, <see cref="LaneContext.Bias"/> bytes in.</summary>
    public static readonly AssemblerRegister64 Context = rbx;

    public static readonly AssemblerRegister64 Scratchpad = rsi;

    public static readonly AssemblerRegister64 Dataset = rdi;

    /// <summary>mx in the low half, ma in the high half.</summary>
    public static readonly AssemblerRegister64 MxMa = rbp;

    /// <summary>Memory of a field of the lane's context.</summary>
    public static AssemblerMemoryOperand Field(string name, int index = 0) =>
        __[Context + Displacement(name) + index];

    /// <summary>MXCSR for the rounding mode in rcx.</summary>
    public static AssemblerMemoryOperand MxcsrOfMode => __dword_ptr[Context + rcx * sizeof(uint) + Displacement(nameof(LaneContext.Mxcsrs))];

    /// <summary>Where the instructions begin for the rounding mode in rcx.</summary>
    public static AssemblerMemoryOperand BodyOfMode => __qword_ptr[Context + rcx * sizeof(ulong) + Displacement(nameof(LaneContext.Bodies))];

    /// <summary>Memory of a register file in the lane's context.</summary>
    public static AssemblerMemoryOperand File(string group, int offset) =>
        __[Context + (int)Marshal.OffsetOf<Vm.RegisterFile>(group) + offset];

    private static int Displacement(string field) => (int)Marshal.OffsetOf<LaneContext>(field) - LaneContext.Bias;
}
