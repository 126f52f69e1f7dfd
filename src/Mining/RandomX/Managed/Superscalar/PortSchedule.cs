namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>Which ports of the reference CPU are busy in which cycle (specification, chapter 6.3.3).</summary>
internal sealed class PortSchedule
{
    private const int Cycles = Parameters.SuperscalarLatency + 4;

    // P1 comes last, so that operations which can go anywhere leave it to multiplications.
    private static readonly Ports[] Order = [Ports.P5, Ports.P0, Ports.P1];

    private readonly Ports[] _busy = new Ports[Cycles];

    /// <summary>The first cycle from <paramref name="cycle"/> on in which a macro-op can execute, or −1 if there is none left.</summary>
    /// <param name="op">What is to be executed.</param>
    /// <param name="cycle">Where to begin.</param>
    /// <param name="dependencyCycle">When the result of the macro-op before it is ready.</param>
    public int Find(MacroOp op, int cycle, int dependencyCycle)
    {
        if (op.IsDependent)
            cycle = Math.Max(cycle, dependencyCycle);
        if (op.First == Ports.None)
            return cycle;
        for (; cycle < Cycles; cycle++)
        {
            if (FreePort(op.First, cycle) != Ports.None && (op.Second == Ports.None || FreePort(op.Second, cycle) != Ports.None))
                return cycle;
        }
        return -1;
    }

    /// <summary>As <see cref="Find"/>, and occupies the ports.</summary>
    public int Take(MacroOp op, int cycle, int dependencyCycle)
    {
        cycle = Find(op, cycle, dependencyCycle);
        if (cycle >= 0)
        {
            if (op.First != Ports.None)
                _busy[cycle] |= FreePort(op.First, cycle);
            if (op.Second != Ports.None)
                _busy[cycle] |= FreePort(op.Second, cycle);
        }
        return cycle;
    }

    private Ports FreePort(Ports possible, int cycle)
    {
        foreach (Ports port in Order)
        {
            if ((possible & port) != 0 && (_busy[cycle] & port) == 0)
                return port;
        }
        return Ports.None;
    }
}
