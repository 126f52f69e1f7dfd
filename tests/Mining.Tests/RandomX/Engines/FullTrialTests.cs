using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

public sealed class FullTrialTests
{
    [Test]
    public void Measure_NeverHashesTheSameInputAgain()
    {
        RecordingHasher hasher = new();
        using RandomXDataset dataset = RandomXDataset.AllocateOwn(PagePreference.Normal);
        FullTrial trial = new(dataset, new RecordingHasher(), threads: 1, PagePreference.Normal);

        Assert.That(trial.Measure(new FullMachine("recording", (_, _) => hasher), TimeSpan.FromMilliseconds(200)), Is.GreaterThan(0));

        // The check of the hashes, two of each lane, and what the measurement begins with come before it.
        string[] measured = [.. hasher.Inputs.Skip(6)];
        Assert.That(measured, Has.Length.GreaterThan(10));
        Assert.That(measured, Is.Unique);
    }

    /// <summary>Two machines whose hashes are all zero.</summary>
    private sealed class RecordingHasher : IHasher
    {
        private const int Kept = 2000;

        public List<string> Inputs { get; } = [];

        public ReadOnlySpan<byte> Key => [];

        public bool IsFull => true;

        public int Lanes => 2;

        public PageKind PageKind => PageKind.Normal;

        public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output) => output[..Hash256.Size].Clear();

        public void First(ReadOnlySpan<byte> inputs)
        {
        }

        public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes)
        {
            hashes.Clear();
            for (int lane = 0; lane < Lanes && Inputs.Count < Kept; lane++)
                Inputs.Add(Convert.ToHexString(nextInputs.Slice(lane * nextInputs.Length / Lanes, nextInputs.Length / Lanes)));
        }

        public void Dispose()
        {
        }
    }
}
