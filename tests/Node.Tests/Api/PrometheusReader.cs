using System.Globalization;
using System.Text;

namespace P2PMiner.Node.Tests.Api;

internal sealed record PrometheusSample(
    string Name, string Type, string? Help, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// A strict reader of the Prometheus text format 0.0.4: HELP and TYPE once and before the samples of their metric, legal
/// names, escaped labels, no series twice.
/// </summary>
internal static class PrometheusReader
{
    public static List<PrometheusSample> Read(string text)
    {
        if (!text.EndsWith('\n'))
            throw new FormatException("the last line must end with a line feed");
        var samples = new List<PrometheusSample>();
        var metrics = new HashSet<string>();
        var series = new HashSet<string>();
        (string Name, string Text)? help = null;
        (string Name, string Type)? type = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ', 4);
                help = (words[2], Unescape(words[3], quotes: false));
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ');
                if (words.Length != 4 || words[3] is not ("counter" or "gauge") || !metrics.Add(Name(words[2])))
                    throw new FormatException("bad or repeated TYPE: " + line);
                type = (words[2], words[3]);
            }
            else
            {
                int space = line.LastIndexOf(' ');
                string id = line[..space];
                int brace = id.IndexOf('{', StringComparison.Ordinal);
                string name = Name(brace < 0 ? id : id[..brace]);
                if (type?.Name != name || !series.Add(id))
                    throw new FormatException("a sample outside its metric, or twice: " + line);
                Dictionary<string, string> labels = brace < 0 ? [] : Labels(id[brace..]);
                samples.Add(new PrometheusSample(name, type.Value.Type, help?.Name == name ? help.Value.Text : null, labels, Number(line[(space + 1)..])));
            }
        }
        return samples;
    }

    private static string Name(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':')
            ? name
            : throw new FormatException("bad name: " + name);

    private static Dictionary<string, string> Labels(string text)
    {
        var labels = new Dictionary<string, string>();
        int at = 1;
        while (text[at] != '}')
        {
            int equals = text.IndexOf("=\"", at, StringComparison.Ordinal);
            string name = Name(text[at..equals]);
            int end = equals + 2;
            while (text[end] != '"')
                end += text[end] == '\\' ? 2 : 1;
            labels.Add(name, Unescape(text[(equals + 2)..end], quotes: true));
            at = end + 1;
            if (text[at] == ',')
                at++;
        }
        if (at != text.Length - 1)
            throw new FormatException("text after the labels: " + text);
        return labels;
    }

    private static string Unescape(string text, bool quotes)
    {
        var result = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }
            i++;
            result.Append(text[i] switch
            {
                '\\' => '\\',
                'n' => '\n',
                '"' when quotes => '"',
                _ => throw new FormatException("bad escape: " + text),
            });
        }
        return result.ToString();
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };
}
