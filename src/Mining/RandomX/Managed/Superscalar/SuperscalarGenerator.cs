namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>Makes one superscalar program by simulating the reference CPU (specification, chapter 6.3).</summary>
/// <param name="random">Decides everything; the programs of a cache follow one another on it.</param>
internal sealed class SuperscalarGenerator(BlakeGenerator random)
{
    private const int MaxLength = 3 * Parameters.SuperscalarLatency + 2;
    private const int LookForwardCycles = 4;
    private const int MaxThrownAway = 256;

    private readonly List<SuperscalarInstruction> _program = [];
    private readonly PortSchedule _ports = new();
    private readonly OperandState _operands = new();

    private InstructionKind _kind = InstructionKind.None;
    private ulong _operand;
    private int _parameter;
    private int _source;
    private int _destination;
    private int _macroOp;

    private int _cycle;
    private int _dependencyCycle;
    private int _multiplications;
    private int _thrownAway;
    private bool _isSaturated;

    /// <summary>Makes the program; to be called once.</summary>
    public SuperscalarProgram Generate()
    {
        for (int decodeCycle = 0; decodeCycle < Parameters.SuperscalarLatency && !_isSaturated && _program.Count < MaxLength; decodeCycle++)
        {
            DecoderGroup group = DecoderGroup.Next(_kind.Opcode, decodeCycle, _multiplications, random);
            int slot = 0;
            while (slot < group.Slots.Length)
            {
                if (_macroOp >= _kind.MacroOps.Length)
                {
                    if (_isSaturated || _program.Count >= MaxLength)
                        break;
                    Begin(group.Select(slot, random));
                }
                Step step = Issue();
                if (step == Step.AbortGroup)
                    break;
                if (step == Step.Issued)
                    slot++;
            }
            _cycle++;
        }
        return new SuperscalarProgram([.. _program]);
    }

    private enum Step
    {
        Issued,
        ThrownAway,
        AbortGroup,
    }

    private void Begin(InstructionKind kind)
    {
        _kind = kind;
        _macroOp = 0;
        _source = -1;
        _destination = -1;
        _parameter = -1;
        _operand = 0;
        switch (kind.Opcode)
        {
            case SuperscalarOpcode.IAddRs:
                _operand = (ulong)(random.NextByte() >> 2 & 3);
                break;
            case SuperscalarOpcode.IRorC:
                while (_operand == 0)
                    _operand = (ulong)(random.NextByte() & 63);
                break;
            case SuperscalarOpcode.IAddC or SuperscalarOpcode.IXorC:
                _operand = (ulong)(int)random.NextUInt32();
                break;
            case SuperscalarOpcode.IMulhR or SuperscalarOpcode.ISMulhR:
                _parameter = (int)random.NextUInt32();
                break;
            case SuperscalarOpcode.IMulRcp:
                uint divisor = random.NextUInt32();
                while (!Reciprocal.IsDefined(divisor))
                    divisor = random.NextUInt32();
                _operand = Reciprocal.Of(divisor);
                break;
        }
    }

    private Step Issue()
    {
        int topCycle = _cycle;
        MacroOp op = _kind.MacroOps[_macroOp];
        int cycle = _ports.Find(op, _cycle, _dependencyCycle);
        if (cycle < 0)
            return Saturate();
        if (_macroOp == _kind.SourceOp && !TrySelectSource(ref cycle))
            return GiveUp();
        if (_macroOp == _kind.DestinationOp && !TrySelectDestination(ref cycle))
            return GiveUp();
        _thrownAway = 0;
        cycle = _ports.Take(op, cycle, cycle);
        if (cycle < 0)
            return Saturate();
        _dependencyCycle = cycle + op.Latency;
        if (_macroOp == _kind.ResultOp)
            _operands.Retire(_destination, _kind, _parameter, _dependencyCycle);
        _isSaturated |= cycle >= Parameters.SuperscalarLatency;
        _cycle = topCycle;
        if (++_macroOp == _kind.MacroOps.Length)
            Finish();
        return Step.Issued;
    }

    private bool TrySelectSource(ref int cycle)
    {
        for (int stall = 0; stall < LookForwardCycles; stall++, cycle++, _cycle++)
        {
            _source = _operands.SelectSource(_kind, cycle, random);
            if (_source < 0)
                continue;
            if (_kind.IsGroupedBySource)
                _parameter = _source;
            return true;
        }
        return false;
    }

    private bool TrySelectDestination(ref int cycle)
    {
        for (int stall = 0; stall < LookForwardCycles; stall++, cycle++, _cycle++)
        {
            _destination = _operands.SelectDestination(_kind, _source, _parameter, cycle, _thrownAway > 0, random);
            if (_destination >= 0)
                return true;
        }
        return false;
    }

    private Step Saturate()
    {
        _isSaturated = true;
        return Step.AbortGroup;
    }

    // Another instruction is tried in the same slot; after many in vain the rest of the group is left empty.
    private Step GiveUp()
    {
        if (_thrownAway < MaxThrownAway)
        {
            _thrownAway++;
            _macroOp = _kind.MacroOps.Length;
            return Step.ThrownAway;
        }
        _kind = InstructionKind.None;
        return Step.AbortGroup;
    }

    private void Finish()
    {
        byte source = (byte)(_source >= 0 ? _source : _destination);
        _program.Add(new SuperscalarInstruction(_kind.Opcode, (byte)_destination, source, _operand));
        if (_kind.IsMultiplication)
            _multiplications++;
    }
}
