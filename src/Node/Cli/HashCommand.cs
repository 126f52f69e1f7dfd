using System.Buffers;
using System.CommandLine;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>hash</c>: one hash, in hex.</summary>
internal static class HashCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner hash --key 74657374206b657920303030 --input 5468697320697320612074657374",
        "p2p-miner hash --key 00 --input \"\" --memory full",
    ];

    public static Command Create(CliServices services)
    {
        var command = new Command("hash", "Compute one hash and print it in hex. In light memory unless --memory full is given.");
        var key = new Option<string>("--key")
        {
            HelpName = "HEX",
            Description = $"RandomX key, at most {RandomXLibrary.MaxKeySize} bytes.",
            Required = true,
        };
        var input = new Option<string>("--input") { HelpName = "HEX", Description = "What is hashed; \"\" is nothing.", Required = true };
        command.Add(key);
        command.Add(input);
        var defined = new DefinedOptions(
            command, OptionDefinitions.Algorithm, OptionDefinitions.Engine, OptionDefinitions.Memory, OptionDefinitions.Pages);
        command.SetAction((parse, cancel) =>
        {
            byte[] keyBytes = FromHex("--key", parse.GetRequiredValue(key));
            if (keyBytes.Length > RandomXLibrary.MaxKeySize)
                throw new UsageException($"--key: {keyBytes.Length} bytes; a RandomX key has at most {RandomXLibrary.MaxKeySize}");
            byte[] inputBytes = FromHex("--input", parse.GetRequiredValue(input));
            NodeOptions options = defined.Resolve(parse, services).Options;
            using var progress = new BenchProgressLine(services.IsTerminal ? services.Error : TextWriter.Null, TimeProvider.System);
            byte[] hash = Hash(keyBytes, inputBytes, options, progress, cancel);
            progress.Dispose();
            services.Output.WriteLine(Convert.ToHexStringLower(hash));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static byte[] Hash(byte[] key, byte[] input, NodeOptions options, IProgress<BenchProgress> progress, CancellationToken cancel)
    {
        IRandomXEngine engine = EngineSelection.Select(options.Engine, new ManagedEngineOptions()).TakeProven();
        using IRandomXCache cache = engine.CreateCache(key, options.Pages);
        using RandomXDataset? dataset =
            options.Memory == MemoryRequest.Full ? Build(engine, cache, options.Pages, progress, cancel) : null;
        using IHasher hasher = dataset is null ? engine.CreateLight(cache, options.Pages) : engine.CreateFull(dataset, options.Pages);
        byte[] hash = new byte[RandomXLibrary.HashSize];
        hasher.CalculateHash(input, hash);
        return hash;
    }

    private static RandomXDataset Build(
        IRandomXEngine engine, IRandomXCache cache, PagePreference pages, IProgress<BenchProgress> progress, CancellationToken cancel)
    {
        const int ItemsAtOnce = (1 << 20) / RandomXLibrary.DatasetItemSize;
        RandomXDataset dataset = engine.AllocateDataset(pages);
        const int Parts = (RandomXLibrary.DatasetItemCount + ItemsAtOnce - 1) / ItemsAtOnce;
        int done = 0;
        Parallel.For(0, Parts, new ParallelOptions { CancellationToken = cancel }, part =>
        {
            int first = part * ItemsAtOnce;
            cache.WriteItems(dataset, first, Math.Min(ItemsAtOnce, RandomXLibrary.DatasetItemCount - first));
            progress.Report(new BenchProgress("dataset", (double)Interlocked.Increment(ref done) / Parts, null));
        });
        dataset.Complete(cache.Key);
        return dataset;
    }

    private static byte[] FromHex(string option, string text)
    {
        if (text.Length % 2 != 0)
            throw new UsageException($"{option}: {text.Length} hex digits; a byte has two, so the number must be even");
        byte[] bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done
            ? bytes
            : throw new UsageException($"{option}: contains something else than the hex digits 0-9 and a-f");
    }
}
