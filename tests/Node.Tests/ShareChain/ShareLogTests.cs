using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

public class ShareLogTests
{
    private static readonly Hash256 GenesisId = Hash256.Parse(new string('c', 64));

    private TemporaryDirectory _directory = null!;
    private string _path = null!;

    [SetUp]
    public void CreateDirectory()
    {
        _directory = new TemporaryDirectory();
        _path = _directory.File("test.log");
    }

    [TearDown]
    public void RemoveDirectory() => _directory.Dispose();

    [TestCaseSource(nameof(ChecksumVectors))]
    public void Checksum_MatchesPublishedVectors(string input, string crc)
    {
        Assert.That(LogFormat.Checksum(Convert.FromHexString(input)).ToString("x8"), Is.EqualTo(crc));
    }

    [Test]
    public void Open_OfANewFile_IsEmpty()
    {
        Assert.That(Content(), Is.Empty);
        Assert.That(new FileInfo(_path).Length, Is.EqualTo(LogFormat.HeaderSize));
    }

    [Test]
    public void Append_IsReadBackInOrder()
    {
        Write("one", "two", "three");
        Append("four");

        Assert.That(Content(), Is.EqualTo(new[] { "one", "two", "three", "four" }));
    }

    /// <summary>The state of the file when a process is killed is what its writes have left there; nothing is closed.</summary>
    [Test]
    public void KilledProcess_LosesNoCompleteRecord()
    {
        using ShareLog log = ShareLog.Open(_path, GenesisId, _ => true, NullLogger.Instance);
        string copy = _directory.File("copy.log");
        for (int i = 0; i < 50; i++)
        {
            log.Append(Encoding.UTF8.GetBytes($"record {i}"));
            File.Copy(_path, copy, overwrite: true);
            Assert.That(Content(copy), Has.Count.EqualTo(i + 1));
        }
    }

    [Test]
    public void CutAtEveryOffset_KeepsTheCompleteRecords_AndGoesOn()
    {
        string[] records = ["alpha", "be", "a longer record than the others", "d"];
        Write(records);
        byte[] whole = File.ReadAllBytes(_path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_path, whole[..length]);
            int complete = CompleteRecords(records, length);

            Assert.That(Content(), Is.EqualTo(records[..complete]), $"cut at {length}");
            Append("after");
            Assert.That(Content(), Is.EqualTo(records[..complete].Append("after")), $"cut at {length}");
        }
        Assert.That(DamagedFiles(), Is.Empty, "a torn tail is no damage");
    }

    [Test]
    public void FlippedByteAnywhere_CostsOneRecord_AndIsKeptAside()
    {
        string[] records = ["alpha", "be", "a longer record than the others", "d"];
        Write(records);
        byte[] whole = File.ReadAllBytes(_path);
        for (int offset = 0; offset < whole.Length; offset++)
        {
            byte[] damaged = [.. whole];
            damaged[offset] ^= (byte)(1 << (offset % 8));
            File.WriteAllBytes(_path, damaged);
            int hit = offset < LogFormat.HeaderSize ? -1 : CompleteRecords(records, offset);
            List<string> expected = [.. records.Where((_, index) => index != hit)];

            Assert.That(Content(), Is.EqualTo(expected), $"flipped at {offset}");
            Assert.That(DamagedFiles(), Has.Length.EqualTo(hit == records.Length - 1 ? 0 : 1), $"flipped at {offset}");
            Append("after");
            Assert.That(Content(), Is.EqualTo(expected.Append("after")), $"flipped at {offset}");
            foreach (string file in DamagedFiles())
            {
                Assert.That(File.ReadAllBytes(file), Is.EqualTo(damaged));
                File.Delete(file);
            }
        }
    }

    [Test]
    public void UselessRecords_AreLeftOutOfTheFile()
    {
        Write("good", "bad", "fine");

        Assert.That(Content(_path, text => text != "bad"), Is.EqualTo(new[] { "good", "fine" }));
        Assert.That(Content(), Is.EqualTo(new[] { "good", "fine" }));
        Assert.That(DamagedFiles(), Has.Length.EqualTo(1));
    }

    [Test]
    public void LogOfAnotherChain_IsKeptAside()
    {
        using (ShareLog other = ShareLog.Open(_path, Hash256.Zero, _ => true, NullLogger.Instance))
            other.Append("foreign"u8);

        Assert.That(Content(_path, _ => false), Is.Empty);
        Assert.That(DamagedFiles(), Has.Length.EqualTo(1));
    }

    [Test]
    public void DamagedFiles_AreBounded()
    {
        for (int i = 0; i < ShareLog.MaxDamagedFiles + 3; i++)
        {
            File.WriteAllText(_path, $"not a log {i}");
            Content();
        }

        Assert.That(DamagedFiles(), Has.Length.EqualTo(ShareLog.MaxDamagedFiles));
    }

    [Test]
    public void Replace_LeavesOnlyTheNewRecords_AndGoesOn()
    {
        using (ShareLog log = ShareLog.Open(_path, GenesisId, _ => true, NullLogger.Instance))
        {
            log.Append("old"u8);
            log.Replace([[1], [2]]);
            log.Append([3]);
            Assert.That(log.Length, Is.EqualTo(new FileInfo(_path).Length));
            log.Flush();
        }

        Assert.That(Content(), Is.EqualTo(new[] { "\u0001", "\u0002", "\u0003" }));
    }

    [Test]
    public void Replace_ThatWasInterrupted_LeavesTheOldRecords()
    {
        Write("old");
        File.WriteAllText(_path + ".tmp", "half of a new");

        Assert.That(Content(), Is.EqualTo(new[] { "old" }));
    }

    [Test]
    public void Append_TakesPayloadsWithinBoundsOnly()
    {
        using ShareLog log = ShareLog.Open(_path, GenesisId, _ => true, NullLogger.Instance);

        Assert.That(() => log.Append([]), Throws.ArgumentException);
        Assert.That(() => log.Append(new byte[LogFormat.MaxPayload + 1]), Throws.ArgumentException);
        Assert.That(() => log.Append(new byte[LogFormat.MaxPayload]), Throws.Nothing);
    }

    [Test]
    public void MutatedFiles_OpenAndGoOn()
    {
        var random = new Random(20260102);
        string[] records = [.. Enumerable.Range(0, 20).Select(i => new string((char)('a' + i), 1 + i * 7))];
        Write(records);
        byte[] whole = File.ReadAllBytes(_path);
        for (int i = 0; i < 2500; i++)
        {
            File.WriteAllBytes(_path, Mutation.Of(whole, random));
            List<string> recovered = Content();
            if (recovered.Except(records).Any())
                Assert.Fail($"mutation {i}: a record that was never written");
            Append("after");
            Assert.That(Content(), Is.EqualTo(recovered.Append("after")), $"mutation {i}");
        }
    }

    private static IEnumerable<TestCaseData> ChecksumVectors()
    {
        DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "vectors")))
            folder = folder.Parent;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder!.FullName, "tests", "vectors", "crc32c.json")));
        foreach (JsonElement vector in document.RootElement.GetProperty("vectors").Clone().EnumerateArray())
        {
            yield return new TestCaseData(vector.GetProperty("input").GetString(), vector.GetProperty("crc").GetString())
                .SetArgDisplayNames(vector.GetProperty("name").GetString()!);
        }
    }

    /// <summary>How many of the records end at or before <paramref name="length"/>.</summary>
    private static int CompleteRecords(string[] records, int length)
    {
        int end = LogFormat.HeaderSize;
        return records.TakeWhile(record => (end += record.Length + LogFormat.RecordOverhead) <= length).Count();
    }

    private void Write(params string[] records)
    {
        using ShareLog log = ShareLog.Open(_path, GenesisId, _ => true, NullLogger.Instance);
        foreach (string record in records)
            log.Append(Encoding.UTF8.GetBytes(record));
    }

    private void Append(string record) => Write(record);

    private List<string> Content(string? path = null, Predicate<string>? useful = null)
    {
        var content = new List<string>();
        ShareLog.Open(path ?? _path, GenesisId, Take, NullLogger.Instance).Dispose();
        return content;

        bool Take(ReadOnlySpan<byte> payload)
        {
            string text = Encoding.UTF8.GetString(payload);
            if (useful?.Invoke(text) == false)
                return false;
            content.Add(text);
            return true;
        }
    }

    private string[] DamagedFiles() => Directory.GetFiles(_directory.Path, "*.damaged-*");
}
