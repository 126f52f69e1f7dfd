using System.Text;
using P2PMiner.P2P.Dht;

namespace P2PMiner.P2P.Tests.Dht;

/// <summary>Records of the tests: any value but an empty one and those that begin with ff; the largest bytes win.</summary>
internal sealed class TestRecords : IRecordValidator
{
    internal static readonly IReadOnlyDictionary<string, IRecordValidator> Namespaces = new Dictionary<string, IRecordValidator>
    {
        ["test"] = new TestRecords(),
    };

    internal static byte[] Key(string rest) => Encoding.UTF8.GetBytes("/test/" + rest);

    /// <summary>Refuses every value from now on.</summary>
    internal bool HasRunOut { get; set; }

    public bool Validate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => !HasRunOut && value.Length > 0 && value[0] != 0xff;

    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);
}
