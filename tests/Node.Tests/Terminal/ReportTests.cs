using P2PMiner.Node.Terminal;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Node.Tests.Terminal;

[TestFixture]
internal sealed class ReportTests
{
    [Test]
    public void Report_is_plain_when_piped_and_boxed_on_a_terminal()
    {
        ReportSection[] sections = [new("Title", [new("name", "value [x]"), new("longer", "2")])];
        using var plain = new StringWriter();
        Report.Write(plain, isTerminal: false, sections);
        Assert.That(plain.ToString().ReplaceLineEndings("\n"), Is.EqualTo("Title\n  name    value [x]\n  longer  2\n"));
        using var boxed = new StringWriter();
        Report.Write(boxed, isTerminal: true, sections);
        Assert.That(boxed.ToString(), Does.Contain("╭").And.Contain("value [x]"));
    }

    [Test]
    public void Status_report_tells_every_number()
    {
        using var output = new StringWriter();
        Report.Write(output, isTerminal: false, StatusReport.Of(SampleStatus.Create()));
        Assert.That(output.ToString(), Does.Contain("1234.5 1200.0 n/a H/s max 1300.3").And.Contain("123456")
            .And.Contain("2 found, 1 accepted, 1 rejected").And.Contain("height 42"));
    }

    [TestCase(0, "0 s")]
    [TestCase(59.4, "59 s")]
    [TestCase(59.6, "1:00 min")]
    [TestCase(185, "3:05 min")]
    [TestCase(3600 + 540, "1:09 h")]
    [TestCase(90_000, "1 d 1 h")]
    [TestCase(-5, "0 s")]
    [TestCase(double.MaxValue, "5337599 d 13 h")]
    public void Duration_has_two_units_at_most(double seconds, string expected) =>
        Assert.That(Units.Duration(seconds), Is.EqualTo(expected));

    [TestCase(256L << 20, "256 MiB")]
    [TestCase(2080L << 20, "2080 MiB")]
    [TestCase(24L << 30, "24.0 GiB")]
    public void Bytes_are_mebibytes_or_gibibytes(long bytes, string expected) =>
        Assert.That(Units.Bytes(bytes), Is.EqualTo(expected));
}
