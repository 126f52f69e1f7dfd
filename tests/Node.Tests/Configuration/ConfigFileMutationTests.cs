using System.Text;
using P2PMiner.Hardware;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Configuration;

[TestFixture]
internal sealed class ConfigFileMutationTests
{
    private const int Mutations = 4000;

    private const string Original = """
        {
          "algo": "rx/0", "threads": 4, "affinity": true, "lowPriority": false, /* c */
          "daemon": ["http://127.0.0.1:18081", "http://node.example:18089"], "wallet": "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
          "memory": "full", "pages": "thp", "http": "127.0.0.1:9000", "dataDir": "/var/lib/p2p-miner",
          "cluster": "home", "logLevel": "debug", // trailing comma:
        }
        """;

    /// <summary>A damaged file gives options that could have been meant, or a message of one line; nothing else.</summary>
    [Test]
    public void Mutated_file_is_read_or_refused_clearly()
    {
        var random = new Random(20260701);
        byte[] original = Encoding.UTF8.GetBytes(Original);
        int accepted = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] mutated = Mutate(original, random);
            try
            {
                IReadOnlyDictionary<string, IReadOnlyList<string>> values = ConfigFile.Parse(mutated);
                NodeOptions options = new();
                foreach (OptionDefinition definition in OptionDefinitions.All.Where(known => values.ContainsKey(known.Key)))
                    options = definition.Apply(options, values[definition.Key]);
                accepted++;
                Assert.That(options.Threads, Is.Null.Or.InRange(0, ThreadRequest.MaxCount));
                Assert.That(options.Daemons, Has.Count.LessThanOrEqualTo(32));
                Assert.That(options.Cluster, Does.Match("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"));
            }
            catch (FormatException error)
            {
                Assert.That(error.Message, Is.Not.Empty);
            }
        }
        Assert.That(accepted, Is.InRange(1, Mutations - 1), "both outcomes must occur");
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (int edits = random.Next(1, 5); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 24), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)"\"{}[],:\\/0x\n\0e-"[random.Next(15)];
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)"[{9\""[random.Next(4)], random.Next(1, 200)));
                    break;
            }
        }
        return [.. bytes];
    }
}
