namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>Values of the register fprc (specification, table 4.3.1).</summary>
internal enum RoundingMode : byte
{
    TiesToEven,
    TowardNegative,
    TowardPositive,
    TowardZero,
}
