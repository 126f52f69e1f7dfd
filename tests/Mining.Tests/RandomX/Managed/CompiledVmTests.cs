using System.Runtime.CompilerServices;
using System.Text.Json;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

[TestFixture]
public sealed class CompiledVmTests
{
    private const int InputSize = 76;

    [OneTimeSetUp]
    public void RequirePlatform() => MachineCode.Require();

    [Test]
    public void ShadowStack_IsReadFromTheThreadsFeatures()
    {
        Assert.That(ShadowStack.IsOnIn(["Name:\tx", "x86_Thread_features:\tshstk wrss", "Seccomp:\t0"]), Is.True);
        Assert.That(ShadowStack.IsOnIn(["x86_Thread_features:\t", "x86_Thread_features_locked:\tshstk"]), Is.False);
        Assert.That(ShadowStack.IsOnIn([]), Is.False);
    }

    [Test]
    public unsafe void CompiledVm_HashesAsTheInterpreterDoes([Values(0, 1)] int version, [Values(1, 2, 4)] int lanes, [Values(0, 1, 2)] int prefetch)
    {
        if ((PrefetchKind)prefetch == PrefetchKind.Touched && ShadowStack.IsOn)
            Assert.Ignore("shadow stacks are on");
        using RepeatedDataset dataset = new(seed: 7);
        InterpretedVm interpreter = new((RandomXVersion)version, dataset);
        using CompiledVm compiled = new((RandomXVersion)version, new LaneSettings(lanes, (PrefetchKind)prefetch), dataset.Memory);
        byte[] inputs = new byte[lanes * InputSize];
        byte[] hashes = new byte[lanes * 32];
        byte[] expected = new byte[32];
        Random random = new(version * 100 + lanes);
        for (int round = 0; round < 3; round++)
        {
            random.NextBytes(inputs);
            compiled.CalculateHashes(inputs, hashes);
            for (int lane = 0; lane < lanes; lane++)
            {
                interpreter.CalculateHash(inputs.AsSpan(lane * InputSize, InputSize), expected);
                Assert.That(hashes.AsSpan(lane * 32, 32).ToArray(), Is.EqualTo(expected), $"round {round}, lane {lane}");
            }
        }
    }

    [Test]
    public unsafe void LightVm_HashesAsTheInterpreterDoes([Values(0, 1)] int version, [Values(1, 7, 12)] int lanes, [Values] bool usesAvx512)
    {
        if (usesAvx512 && !ItemCompiler.IsAvx512Supported)
            Assert.Ignore("this CPU lacks the instructions");
        ManagedCache cache = TestCache.Key000;
        InterpretedVm interpreter = new((RandomXVersion)version, cache);
        using ItemCompiler items = ItemCompiler.CreateForLanes(cache.Programs, usesAvx512: usesAvx512);
        RoundingKind rounding = usesAvx512 ? LaneSettings.BestRounding : RoundingKind.Register;
        using HybridVm compiled = HybridVm.CreateLight((RandomXVersion)version, lanes, cache.Block.Address, items, rounding: rounding);
        byte[] inputs = new byte[lanes * InputSize];
        byte[] hashes = new byte[lanes * 32];
        byte[] expected = new byte[32];
        new Random(version * 100 + lanes).NextBytes(inputs);
        compiled.CalculateHashes(inputs, hashes);
        for (int lane = 0; lane < lanes; lane += 3)
        {
            interpreter.CalculateHash(inputs.AsSpan(lane * InputSize, InputSize), expected);
            Assert.That(hashes.AsSpan(lane * 32, 32).ToArray(), Is.EqualTo(expected), $"lane {lane}");
        }
    }

    [TestCase(RandomXVersion.V1, "hash")]
    [TestCase(RandomXVersion.V2, "hashV2")]
    public unsafe void LightVm_MatchesReferenceTests(object version, string field)
    {
        byte[] hash = new byte[32];
        foreach (IGrouping<string, JsonElement> key in VectorFile.Read("randomx-hashes.json").GroupBy(v => v.Text("key")))
        {
            using ManagedCache cache = ManagedCache.Create(Convert.FromHexString(key.Key));
            using ItemCompiler items = ItemCompiler.CreateForLanes(cache.Programs);
            using HybridVm vm = HybridVm.CreateLight((RandomXVersion)version, 1, cache.Block.Address, items);
            foreach (JsonElement vector in key)
            {
                vm.CalculateHashes(vector.Hex("input"), hash);
                Assert.That(Convert.ToHexStringLower(hash), Is.EqualTo(vector.Text(field)), vector.Text("name"));
            }
        }
    }

    [Test]
    public unsafe void StageTimes_TellWhereTheTimeGoes_AndChangeNoHash()
    {
        using RepeatedDataset dataset = new(seed: 9);
        using CompiledVm compiled = new(RandomXVersion.V1, new LaneSettings(1), dataset.Memory);
        byte[] hash = new byte[32];
        byte[] timed = new byte[32];
        compiled.CalculateHashes([1], hash);
        compiled.Times = new StageTimes();
        compiled.CalculateHashes([1], timed);
        Assert.That(timed, Is.EqualTo(hash));
        Assert.That(compiled.Times[HashStage.Execute], Is.GreaterThan(TimeSpan.Zero));
        Assert.That(compiled.Times[HashStage.Items], Is.EqualTo(TimeSpan.Zero));
        compiled.Times.Clear();
        Assert.That(compiled.Times[HashStage.Execute], Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public unsafe void CallersRoundingMode_IsLeftAlone_AlsoByHashesThatAreGivenUp([Values] bool isLight, [Values(0, 1)] int rounding)
    {
        if (!MachineCode.Roundings.Contains((RoundingKind)rounding))
            Assert.Ignore("this CPU lacks the instructions");
        ManagedCache cache = TestCache.Key000;
        using RepeatedDataset dataset = new(seed: 8);
        using ItemCompiler items = ItemCompiler.CreateForLanes(cache.Programs);
        using LaneMachine machine = isLight
            ? HybridVm.CreateLight(RandomXVersion.V1, 1, cache.Block.Address, items, rounding: (RoundingKind)rounding)
            : new CompiledVm(RandomXVersion.V1, new LaneSettings(1) { Rounding = (RoundingKind)rounding }, dataset.Memory);
        InterpretedVm interpreter = new(RandomXVersion.V1, isLight ? cache : dataset);
        byte[] hash = new byte[32];
        byte[] expected = new byte[32];
        for (byte i = 0; i < 20; i++)
        {
            int programs = 1;
            machine.Start([i]);
            Assert.That(machine.TryRun(() => ++programs <= 1 + i % 7), Is.False);
            Assert.That(IsToNearest(), Is.True, $"after {programs - 1} programs");
        }
        machine.CalculateHashes([1], hash);
        interpreter.CalculateHash([1], expected);
        Assert.That(hash, Is.EqualTo(expected));
        Assert.That(IsToNearest(), Is.True);
    }

    // The nearest number is below a third and above a tenth, so that any other mode gets one of the two wrong.
    private static bool IsToNearest() => (Divide(1, 3), Divide(1, 10)) == (1.0 / 3.0, 0.1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Divide(double x, double y) => x / y;
}
