using Iced.Intel;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>Words behind a piece of machine code that it reads.</summary>
/// <param name="code">The piece.</param>
internal sealed class CodeConstants(Assembler code)
{
    private readonly Dictionary<ulong, Label> _labels = [];

    /// <summary>The place of a word.</summary>
    public Label Find(ulong value)
    {
        if (!_labels.TryGetValue(value, out Label label))
            _labels[value] = label = code.CreateLabel();
        return label;
    }

    /// <summary>Writes the words, behind the code.</summary>
    public void Write()
    {
        foreach ((ulong value, Label label) in _labels)
        {
            Label place = label;
            code.Label(ref place);
            code.dq(value);
        }
    }
}
