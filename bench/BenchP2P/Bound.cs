using System.Globalization;

namespace P2PMiner.BenchP2P;

/// <summary>What a measurement has to meet, compared with js-libp2p or by itself.</summary>
internal sealed record Bound(string Text, Func<double, bool> Met)
{
    public static readonly Bound None = new("-", _ => true);

    public static Bound AtLeast(double ratio) => new(Say($">= {ratio}"), value => value >= ratio);

    public static Bound AtMost(double ratio) => new(Say($"<= {ratio}"), value => value <= ratio);

    public static Bound Below(double value, string unit) => new(Say($"< {value} {unit}"), measured => measured < value);

    /// <summary>Such as "2.31 (>= 2: met)".</summary>
    public string Judge(double value) =>
        this == None ? Say($"{value:0.00}") : Say($"{value:0.00} ({Text}: {(Met(value) ? "met" : "MISSED")})");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
