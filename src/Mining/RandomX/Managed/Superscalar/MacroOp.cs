namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>Ports of the reference CPU that can execute a micro-op (specification, chapter 6.2).</summary>
[Flags]
internal enum Ports : byte
{
    /// <summary>Needs none: the move is eliminated, or there is no such micro-op.</summary>
    None = 0,
    P0 = 1,
    P1 = 2,
    P5 = 4,
}

/// <summary>A macro-op of the reference CPU (specification, table 6.2.1).</summary>
/// <param name="Latency">Cycles until its result is ready.</param>
/// <param name="First">Where its first micro-op can go.</param>
/// <param name="Second">Where its second can go, in the same cycle.</param>
/// <param name="IsDependent">It needs the result of the macro-op before it.</param>
internal readonly record struct MacroOp(int Latency, Ports First, Ports Second = Ports.None, bool IsDependent = false)
{
    private const Ports Any = Ports.P0 | Ports.P1 | Ports.P5;

    public static readonly MacroOp SubRr = new(1, Any);
    public static readonly MacroOp XorRr = new(1, Any);
    public static readonly MacroOp LeaSib = new(1, Ports.P0 | Ports.P1);
    public static readonly MacroOp ImulRr = new(3, Ports.P1);
    public static readonly MacroOp RorRi = new(1, Ports.P0 | Ports.P5);
    public static readonly MacroOp AddRi = new(1, Any);
    public static readonly MacroOp XorRi = new(1, Any);
    public static readonly MacroOp MovRr = new(0, Ports.None);
    public static readonly MacroOp MulR = new(4, Ports.P1, Ports.P5);
    public static readonly MacroOp MovRi = new(1, Any);
}
