namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>How the reference CPU executes an operation (specification, table 6.1.1).</summary>
/// <param name="Opcode">The operation.</param>
/// <param name="MacroOps">In the order of execution.</param>
/// <param name="SourceOp">Index of the macro-op before which the source is chosen, or −1 if there is none.</param>
/// <param name="DestinationOp">Index of the macro-op before which the destination is chosen.</param>
/// <param name="ResultOp">Index of the macro-op that makes the result.</param>
internal sealed record InstructionKind(SuperscalarOpcode Opcode, MacroOp[] MacroOps, int SourceOp, int DestinationOp = 0, int ResultOp = 0)
{
    public static readonly InstructionKind None = new(SuperscalarOpcode.None, [], -1);
    public static readonly InstructionKind ISubR = new(SuperscalarOpcode.ISubR, [MacroOp.SubRr], 0);
    public static readonly InstructionKind IXorR = new(SuperscalarOpcode.IXorR, [MacroOp.XorRr], 0);
    public static readonly InstructionKind IAddRs = new(SuperscalarOpcode.IAddRs, [MacroOp.LeaSib], 0);
    public static readonly InstructionKind IMulR = new(SuperscalarOpcode.IMulR, [MacroOp.ImulRr], 0);
    public static readonly InstructionKind IRorC = new(SuperscalarOpcode.IRorC, [MacroOp.RorRi], -1);
    public static readonly InstructionKind IAddC = new(SuperscalarOpcode.IAddC, [MacroOp.AddRi], -1);
    public static readonly InstructionKind IXorC = new(SuperscalarOpcode.IXorC, [MacroOp.XorRi], -1);

    public static readonly InstructionKind IMulhR =
        new(SuperscalarOpcode.IMulhR, [MacroOp.MovRr, MacroOp.MulR, MacroOp.MovRr], SourceOp: 1, DestinationOp: 0, ResultOp: 1);

    public static readonly InstructionKind ISMulhR = IMulhR with { Opcode = SuperscalarOpcode.ISMulhR };

    public static readonly InstructionKind IMulRcp =
        new(SuperscalarOpcode.IMulRcp, [MacroOp.MovRi, MacroOp.ImulRr with { IsDependent = true }], -1, DestinationOp: 1, ResultOp: 1);

    public bool IsMultiplication =>
        Opcode is SuperscalarOpcode.IMulR or SuperscalarOpcode.IMulhR or SuperscalarOpcode.ISMulhR or SuperscalarOpcode.IMulRcp;

    /// <summary>The source register is what tells two operations of one group apart (specification, chapter 6.3.4).</summary>
    public bool IsGroupedBySource =>
        Opcode is SuperscalarOpcode.ISubR or SuperscalarOpcode.IXorR or SuperscalarOpcode.IAddRs or SuperscalarOpcode.IMulR;

    /// <summary>Source and destination may be the same register.</summary>
    public bool MaySquare => Opcode is SuperscalarOpcode.IMulhR or SuperscalarOpcode.ISMulhR;

    /// <summary>Operations that would cancel or merge with each other are of one group: subtracting is adding.</summary>
    public SuperscalarOpcode Group => Opcode == SuperscalarOpcode.ISubR ? SuperscalarOpcode.IAddRs : Opcode;
}
