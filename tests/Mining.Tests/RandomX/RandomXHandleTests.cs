using System.Runtime.CompilerServices;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Ownership, arguments and side effects of cache, dataset and VM.</summary>
[TestFixture]
public sealed class RandomXHandleTests
{
    private static readonly byte[] Key = "handle tests"u8.ToArray();

    private RandomXCache _cache = null!;

    [OneTimeSetUp]
    public void CreateCache() => _cache = RandomXCache.Create(Key, RandomXCpu.SupportedFlags, PagePreference.Auto);

    [OneTimeTearDown]
    public void FreeCache() => _cache.Dispose();

    [Test]
    public void Vm_KeepsItsCacheAlive_AfterTheCacheWasDisposed()
    {
        RandomXCache cache = RandomXCache.Create(Key, RandomXCpu.SupportedFlags, PagePreference.Auto);
        RandomXVm vm = Light(cache);
        cache.Dispose();
        Assert.That(cache.Handle.IsClosed, Is.False);
        Assert.That(Hash(vm, "x"u8), Is.EqualTo(Hash(Light(_cache), "x"u8)));
        vm.Dispose();
        Assert.That(cache.Handle.IsClosed, Is.True);
        Assert.That(() => Light(cache), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Dataset_IsFreed_OnlyAfterItsLastVm()
    {
        RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
        dataset.Complete(Key);
        RandomXVm first = RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, PagePreference.Auto);
        RandomXVm second = RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, PagePreference.Auto);
        dataset.Dispose();
        first.Dispose();
        Assert.That(dataset.Freed.IsCompleted, Is.False);
        second.Dispose();
        Assert.That(dataset.Freed.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public void DroppedReferences_AreFinalizedInAnyOrder()
    {
        for (int round = 0; round < 6; round++)
        {
            Task[] freed = DropVmsAndDatasets(round);
            for (int attempt = 0; attempt < 10 && !freed.All(t => t.IsCompleted); attempt++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Assert.That(freed.Select(t => t.IsCompletedSuccessfully), Is.All.True);
        }
    }

    [Test]
    public async Task Dispose_DuringAHash_LeavesItsMemoryUntilTheHashHasEnded()
    {
        byte[] expected = Hash(Light(_cache), "in flight"u8);
        for (int round = 0; round < 20; round++)
        {
            RandomXVm vm = Light(_cache);
            using var started = new ManualResetEventSlim();
            Task<byte[]> hashing = Task.Run(() =>
            {
                started.Set();
                return Hash(vm, "in flight"u8);
            });
            started.Wait();
            vm.Dispose();
            try
            {
                Assert.That(await hashing, Is.EqualTo(expected));
            }
            catch (ObjectDisposedException)
            {
                // Disposed before the call began, which is the other legal order.
            }
        }
    }

    [Test]
    public void CalculateHash_AllocatesNothing()
    {
        using RandomXVm vm = Light(_cache);
        var input = new byte[76];
        var hash = new byte[RandomXLibrary.HashSize];
        vm.CalculateHash(input, hash);
        vm.First(input);
        vm.Next(input, hash);
        vm.Last(hash);
        long before = GC.GetAllocatedBytesForCurrentThread();
        vm.First(input);
        for (int i = 0; i < 100; i++)
        {
            input[40]++;
            vm.Next(input, hash);
        }
        vm.Last(hash);
        for (int i = 0; i < 100; i++)
            vm.CalculateHash(input, hash);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Pipeline_LeavesManagedArithmeticAlone()
    {
        using RandomXVm vm = Light(_cache);
        var input = new byte[76];
        var hash = new byte[RandomXLibrary.HashSize];
        vm.First(input);
        for (int i = 0; i < 40; i++)
        {
            input[0] = (byte)i;
            vm.Next(input, hash);
            AssertDefaultArithmetic();
        }
        vm.Last(hash);
        AssertDefaultArithmetic();
        vm.CalculateHash(input, hash);
        AssertDefaultArithmetic();
    }

    [Test]
    public void Pipeline_GivesTheHashesOfSingleCalls()
    {
        using RandomXVm single = Light(_cache);
        using RandomXVm pipeline = Light(_cache);
        var hash = new byte[RandomXLibrary.HashSize];
        pipeline.First([0]);
        for (byte i = 1; i < 20; i++)
        {
            pipeline.Next([i], hash);
            Assert.That(hash, Is.EqualTo(Hash(single, [(byte)(i - 1)])));
        }
    }

    [Test]
    public void Next_WithoutFirst_IsRefused()
    {
        using RandomXVm vm = Light(_cache);
        var hash = new byte[RandomXLibrary.HashSize];
        Assert.That(() => vm.Next([1], hash), Throws.InvalidOperationException);
        Assert.That(() => vm.Last(hash), Throws.InvalidOperationException);
        vm.First([1]);
        vm.CalculateHash([2], hash);
        Assert.That(() => vm.Next([1], hash), Throws.InvalidOperationException, "a single hash ends the pipeline");
        vm.First([1]);
        vm.Last(hash);
        Assert.That(() => vm.Last(hash), Throws.InvalidOperationException);
    }

    [Test]
    public void ShortOutput_IsRefused()
    {
        using RandomXVm vm = Light(_cache);
        vm.First([1]);
        Assert.That(() => vm.CalculateHash([1], new byte[31]), Throws.ArgumentException);
        Assert.That(() => vm.Next([1], new byte[31]), Throws.ArgumentException);
        Assert.That(() => vm.Last(new byte[31]), Throws.ArgumentException);
    }

    [Test]
    public void EmptyKeyAndInput_AreLegal()
    {
        using RandomXCache cache = RandomXCache.Create([], RandomXCpu.SupportedFlags, PagePreference.Auto);
        using RandomXVm vm = Light(cache);
        byte[] jit = Hash(vm, []);
        using RandomXVm interpreter = RandomXVm.CreateLight(cache, RandomXFlags.None, PagePreference.Normal);
        Assert.That(jit, Is.EqualTo(Hash(interpreter, [])));
    }

    [Test]
    public void LongKey_IsRefused() =>
        Assert.That(() => RandomXCache.Create(new byte[61], RandomXFlags.None, PagePreference.Auto), Throws.ArgumentException);

    [Test]
    public void MissingCpuFeatures_AreRefusedBeforeNativeCode(
        [Values(RandomXFlags.HardAes, RandomXFlags.Jit, RandomXFlags.Argon2Ssse3, RandomXFlags.Argon2Avx2)] RandomXFlags flag)
    {
        Assert.That(
            () => RandomXCpu.RequireSupported(flag | RandomXFlags.Secure, ~flag & (RandomXFlags)127),
            Throws.InstanceOf<PlatformNotSupportedException>().With.Message.Contains(flag.ToString()));
        Assert.That(() => RandomXCpu.RequireSupported(flag, flag), Throws.Nothing);
    }

    [Test]
    public void UnknownFlags_AreRefused() =>
        Assert.That(() => RandomXCpu.RequireSupported((RandomXFlags)128), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Dataset_RefusesRangesOutsideIt([Values(-1, 0, RandomXLibrary.DatasetItemCount)] int first)
    {
        using RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
        int count = first == 0 ? RandomXLibrary.DatasetItemCount + 1 : 1;
        Assert.That(() => dataset.InitItems(_cache, first, count), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => dataset.InitItems(_cache, 0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Dataset_IsWrittenOnlyBeforeItIsComplete_AndReadByVmsOnlyAfter()
    {
        using RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
        Assert.That(
            () => RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, PagePreference.Auto), Throws.InvalidOperationException);
        dataset.InitItems(_cache, 0, 4);
        dataset.Complete(Key);
        Assert.That(dataset.Key.ToArray(), Is.EqualTo(Key));
        Assert.That(() => dataset.InitItems(_cache, 0, 4), Throws.InvalidOperationException);
        Assert.That(() => dataset.Complete(Key), Throws.InvalidOperationException);
    }

    private static RandomXVm Light(RandomXCache cache) =>
        RandomXVm.CreateLight(cache, RandomXCpu.SupportedFlags, PagePreference.Auto);

    private static byte[] Hash(RandomXVm vm, ReadOnlySpan<byte> input)
    {
        var hash = new byte[RandomXLibrary.HashSize];
        vm.CalculateHash(input, hash);
        return hash;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task[] DropVmsAndDatasets(int round)
    {
        var freed = new List<Task>();
        for (int i = 0; i < 4; i++)
        {
            RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
            dataset.Complete(Key);
            freed.Add(dataset.Freed);
            // The order of creation varies, and with it the order in which finalizers are queued.
            RandomXVm vm = RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, PagePreference.Normal);
            if ((i + round) % 2 == 0)
                dataset.Dispose();
            GC.KeepAlive(vm);
        }
        return [.. freed];
    }

    private static void AssertDefaultArithmetic()
    {
        double one = Opaque(1.0);
        double denormal = Opaque(double.Epsilon * 4);
        Assert.That(BitConverter.DoubleToInt64Bits(one / Opaque(3.0)), Is.EqualTo(0x3FD5555555555555), "rounds to nearest");
        Assert.That(BitConverter.DoubleToInt64Bits(Opaque(2.0) / Opaque(3.0)), Is.EqualTo(0x3FE5555555555555), "rounds to nearest");
        Assert.That(BitConverter.DoubleToInt64Bits(-one / Opaque(3.0)), Is.EqualTo(unchecked((long)0xBFD5555555555555)), "rounds to nearest");
        Assert.That(denormal * Opaque(0.5), Is.EqualTo(double.Epsilon * 2), "keeps denormal numbers");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Opaque(double value) => value;
}
