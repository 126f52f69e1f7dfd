namespace P2PMiner.Mining.RandomX.Managed.Superscalar;

/// <summary>One instruction of a superscalar program.</summary>
/// <param name="Opcode">What it does.</param>
/// <param name="Destination">Register 0 to 7.</param>
/// <param name="Source">Register 0 to 7; the destination where the operation has none.</param>
/// <param name="Operand">Ready for use: the sign-extended constant, the count of a shift or rotation, or the reciprocal.</param>
internal readonly record struct SuperscalarInstruction(SuperscalarOpcode Opcode, byte Destination, byte Source, ulong Operand);
