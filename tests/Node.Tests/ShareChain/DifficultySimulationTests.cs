using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>
/// The difficulty rule against miners whose links come as chance has it: solve times are exponentially distributed with
/// mean difficulty / hash rate, timestamps are whole seconds of the miner's clock. Fixed seeds, 400 runs each.
/// </summary>
public class DifficultySimulationTests
{
    private const int Runs = 400;
    private const int JumpAt = 200;
    private const double Target = LinkDifficulty.TargetSeconds;

    [TestCase(20.0)]
    [TestCase(1000.0)]
    [TestCase(1e6)]
    [TestCase(1e12)]
    public void SteadyHashRate_GivesALinkEveryTenSeconds(double hashRate)
    {
        var seconds = new List<double>();
        for (int run = 0; run < 40; run++)
            seconds.AddRange(Simulate(run, 1000, hashRate * Target, _ => hashRate).Select(link => link.Seconds));

        Assert.That(seconds.Average(), Is.EqualTo(Target).Within(2).Percent);
    }

    [Test]
    public void SteadyHashRate_KeepsTheDifficultyWithinThirtyPercent()
    {
        double[] errors = [.. Enumerable.Range(0, 40)
            .SelectMany(run => Simulate(run, 1000, 1e5, _ => 1e4)).Select(link => Math.Log2(link.Difficulty / 1e5))];

        double mean = errors.Average();
        double deviation = Math.Sqrt(errors.Average(e => (e - mean) * (e - mean)));
        Assert.That(mean, Is.EqualTo(0).Within(0.1));
        Assert.That(deviation, Is.LessThan(Math.Log2(1.3)));
    }

    /// <summary>
    /// Settled means: over the links 41 to 60 after the jump, the mean time per link is within 10 % of 10 s, and the
    /// difficulty at link 60, in the geometric mean of all runs, is within 5 % of what it is in the long run.
    /// </summary>
    [TestCase(10.0)]
    [TestCase(0.1)]
    public void TenfoldJump_SettlesWithinSixtyLinks(double factor)
    {
        List<SimulatedLink[]> runs = Jumps(factor);

        double meanSeconds = runs.Average(run => run[(JumpAt + 40)..(JumpAt + 60)].Average(link => link.Seconds));
        double reached = MeanLog2(runs, JumpAt + 60, factor);
        Assert.That(meanSeconds, Is.EqualTo(Target).Within(10).Percent);
        Assert.That(reached - Settled(runs, factor), Is.EqualTo(0).Within(Math.Log2(1.05)));
    }

    /// <summary>
    /// Free of oscillation means: the geometric mean over the runs goes to its new level from one side (it never passes
    /// it by more than 5 %, which is the noise that 400 runs leave), and single runs scatter around the level after the
    /// jump no more than before it.
    /// </summary>
    [TestCase(10.0)]
    [TestCase(0.1)]
    public void TenfoldJump_DoesNotOscillate(double factor)
    {
        List<SimulatedLink[]> runs = Jumps(factor);
        double settled = Settled(runs, factor);
        double side = Math.Sign(1 - factor);

        for (int link = JumpAt; link < JumpAt + 300; link++)
        {
            double distance = side * (MeanLog2(runs, link, factor) - settled);
            Assert.That(distance, Is.GreaterThan(-Math.Log2(1.05)), $"passes its level at link {link - JumpAt}");
        }
        double before = Scatter(runs, 100, JumpAt, 1);
        double after = Scatter(runs, JumpAt + 60, JumpAt + 160, factor);
        Assert.That(after, Is.LessThan(1.15 * before));
    }

    [TestCase(10.0)]
    [TestCase(0.1)]
    public void TenfoldJump_SettlesInNearlyEverySingleRun(double factor)
    {
        // Three standard deviations of the steady state around the new level.
        double band = 3 * Math.Log2(1.3);
        int settled = Jumps(factor).Count(run => run[(JumpAt + 40)..(JumpAt + 60)].Average(link => Math.Log2(link.Difficulty / (1e5 * factor))) is var mean
            && Math.Abs(mean) < band);

        Assert.That(settled, Is.GreaterThanOrEqualTo(Runs * 99 / 100));
    }

    [Test]
    public void OneHashPerSecond_StaysAtTheMinimum()
    {
        SimulatedLink[] links = Simulate(seed: 1, 500, 100, _ => 1);

        Assert.That(links[100..].Average(link => link.Difficulty), Is.LessThan(1.3 * (double)LinkDifficulty.Minimum));
        Assert.That(links.Average(link => link.Seconds), Is.EqualTo(100).Within(20).Percent);
    }

    [Test]
    public void TrillionHashesPerSecond_AreReachedFromTheMinimum()
    {
        SimulatedLink[] links = Simulate(seed: 1, 600, (double)LinkDifficulty.Minimum, _ => 1e12);

        Assert.That(Math.Log2(links[300..].Average(link => link.Difficulty) / 1e13), Is.EqualTo(0).Within(0.2));
    }

    [Test]
    public void WeekWithoutMiners_CostsNoMoreThanOneClampedStep()
    {
        UInt128 difficulty = LinkDifficulty.Next(1_000_000, 7 * 24 * 3600);

        Assert.That((double)difficulty, Is.EqualTo(1e6 * Math.Pow(2, -50.0 / 64)).Within(0.1).Percent);
    }

    /// <summary>A miner with a clock that runs an hour ahead for one link: timestamps of others stand still until they catch up.</summary>
    [TestCase(60.0)]
    [TestCase(3600.0)]
    public void ClockJump_HealsByItself(double jumpSeconds)
    {
        SimulatedLink[][] runs = [.. Enumerable.Range(0, 100)
            .Select(seed => Simulate(seed, 600, 1e5, _ => 1e4, clockError: link => link == JumpAt ? jumpSeconds : 0))];

        double late = runs.Average(run => run[500..].Average(link => Math.Log2(link.Difficulty / 1e5)));
        Assert.That(late, Is.EqualTo(0).Within(0.15));
    }

    /// <summary>The embedded source renews a job's timestamp every 5 s only, so links carry times that are up to 5 s old.</summary>
    [Test]
    public void OldTimestamps_DoNotShiftTheMean()
    {
        double[] seconds = [.. Enumerable.Range(0, 40)
            .SelectMany(run => Simulate(run, 1000, 1e5, _ => 1e4, refreshSeconds: 5)).Select(link => link.Seconds)];

        Assert.That(seconds.Average(), Is.EqualTo(Target).Within(2).Percent);
    }

    private static List<SimulatedLink[]> Jumps(double factor) =>
        [.. Enumerable.Range(0, Runs).Select(seed => Simulate(seed, 1000, 1e5, link => link < JumpAt ? 1e4 : 1e4 * factor))];

    /// <summary>log2 of difficulty over what the new hash rate is worth, mean over the runs.</summary>
    private static double MeanLog2(List<SimulatedLink[]> runs, int link, double factor) =>
        runs.Average(run => Math.Log2(run[link].Difficulty / (1e5 * factor)));

    private static double Settled(List<SimulatedLink[]> runs, double factor) =>
        Enumerable.Range(600, 400).Average(link => MeanLog2(runs, link, factor));

    private static double Scatter(List<SimulatedLink[]> runs, int from, int to, double factor)
    {
        double[] errors = [.. runs.SelectMany(run => run[from..to]).Select(link => Math.Log2(link.Difficulty / (1e5 * factor)))];
        double mean = errors.Average();
        return Math.Sqrt(errors.Average(e => (e - mean) * (e - mean)));
    }

    private static SimulatedLink[] Simulate(
        int seed, int links, double difficulty, Func<int, double> hashRate, Func<int, double>? clockError = null, double refreshSeconds = 0)
    {
        var random = new Random(seed);
        var result = new SimulatedLink[links];
        var current = (UInt128)difficulty;
        double clock = 1000;
        ulong timestamp = 1000;
        for (int i = 0; i < links; i++)
        {
            double seconds = -Math.Log(1 - random.NextDouble()) * (double)current / hashRate(i);
            result[i] = new SimulatedLink((double)current, seconds);
            double stamp = clock + (refreshSeconds > 0 ? Math.Floor(seconds / refreshSeconds) * refreshSeconds : seconds);
            clock += seconds;
            ulong next = Math.Max(timestamp, (ulong)(stamp + (clockError?.Invoke(i) ?? 0)));
            current = LinkDifficulty.Next(current, next - timestamp);
            timestamp = next;
        }
        return result;
    }

    private readonly record struct SimulatedLink(double Difficulty, double Seconds);
}
