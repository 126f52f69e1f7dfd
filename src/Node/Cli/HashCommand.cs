using System.Buffers;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Api;
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
        "p2p-miner hash --key 00 --input \"\" --algo rx/2 --json",
        "p2p-miner hash --key 00 --input \"\" --list-asm 1 | less",
    ];

    private const string SecondVersion = "rx/2";

    /// <summary>Programs of one hash (RandomX specs.md, table 1.2.1).</summary>
    private const int Programs = 8;

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
        var list = new Option<string?>("--list-asm")
        {
            HelpName = "1-8",
            Description = "List the programs of the hash and the machine code that engine managed makes of them; of all eight, or of one.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> json = CommonOptions.Json();
        command.Add(key);
        command.Add(input);
        command.Add(list);
        command.Add(json);
        var defined = new DefinedOptions(
            command, OptionDefinitions.HashAlgorithm, OptionDefinitions.Engine, OptionDefinitions.Memory, OptionDefinitions.Pages);
        command.SetAction((parse, cancel) =>
        {
            byte[] keyBytes = FromHex("--key", parse.GetRequiredValue(key));
            if (keyBytes.Length > RandomXLibrary.MaxKeySize)
                throw new UsageException($"--key: {keyBytes.Length} bytes; a RandomX key has at most {RandomXLibrary.MaxKeySize}");
            byte[] inputBytes = FromHex("--input", parse.GetRequiredValue(input));
            int? program = ProgramNumber(parse.GetValue(list));
            NodeOptions options = defined.Resolve(parse, services).Options;
            bool isListed = parse.GetResult(list) is not null;
            RequireManaged(options, isListed);
            HashResult result = isListed
                ? List(keyBytes, inputBytes, options, program)
                : Hash(keyBytes, inputBytes, options, services, cancel);
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(result, NodeJson.Default.HashResult));
            else
                services.Output.WriteLine(result.Listing is null ? result.Hash : $"{result.Listing}{Environment.NewLine}; hash {result.Hash}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void RequireManaged(NodeOptions options, bool isListed)
    {
        if (options.Engine is not (EngineKind.Native or EngineKind.Shadow))
            return;
        string engine = OptionText.Engine(options.Engine);
        if (isListed)
            throw new UsageException($"--list-asm lists the code of engine managed, not of {engine}: leave --engine out or use --engine managed");
        if (options.Algorithm == SecondVersion)
            throw new UsageException($"--algo rx/2: librandomx 1 has no RandomX v2, so engine {engine} cannot compute it: leave --engine out or use --engine managed");
    }

    private static HashResult Hash(byte[] key, byte[] input, NodeOptions options, CliServices services, CancellationToken cancel)
    {
        using var progress = new BenchProgressLine(services.IsTerminal ? services.Error : TextWriter.Null, TimeProvider.System);
        bool isSecond = options.Algorithm == SecondVersion;
        IRandomXEngine engine =
            EngineSelection.Select(isSecond ? EngineKind.Managed : options.Engine, new ManagedEngineOptions()).TakeProven();
        if (engine is ManagedEngine && (isSecond ? ManagedEngine.WhySecondInterpreted : ManagedEngine.WhyInterpreted) is string reason)
            services.Error.WriteLine($"p2p-miner: programs are interpreted, which is slow: {reason}");
        using IRandomXCache cache = engine.CreateCache(key, options.Pages);
        using RandomXDataset? dataset =
            options.Memory == MemoryRequest.Full ? Build(engine, cache, options.Pages, progress, cancel) : null;
        using IHasher hasher = isSecond ? ManagedEngine.CreateSecond(cache, dataset, options.Pages)
            : dataset is null ? engine.CreateLight(cache, options.Pages)
            : engine.CreateFull(dataset, options.Pages);
        byte[] hash = new byte[RandomXLibrary.HashSize];
        hasher.CalculateHash(input, hash);
        return Result(key, input, hash, options, engine.Name, listing: null);
    }

    private static HashResult List(byte[] key, byte[] input, NodeOptions options, int? program)
    {
        using IRandomXCache cache = new ManagedEngine().CreateCache(key, options.Pages);
        using var listing = new StringWriter(CultureInfo.InvariantCulture);
        byte[] hash = CodeListing.Write(
            listing, cache, options.Algorithm == SecondVersion ? RandomXVersion.V2 : RandomXVersion.V1, input,
            hasDataset: options.Memory == MemoryRequest.Full, program);
        return Result(key, input, hash, options, "managed", listing.ToString());
    }

    private static HashResult Result(byte[] key, byte[] input, byte[] hash, NodeOptions options, string engine, string? listing) => new(
        options.Algorithm, engine, options.Memory == MemoryRequest.Full ? "full" : "light",
        Convert.ToHexStringLower(key), Convert.ToHexStringLower(input), Convert.ToHexStringLower(hash), listing);

    private static RandomXDataset Build(
        IRandomXEngine engine, IRandomXCache cache, PagePreference pages, BenchProgressLine progress, CancellationToken cancel)
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

    private static int? ProgramNumber(string? text)
    {
        if (text is null)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= Programs
            ? number
            : throw new UsageException($"--list-asm: '{text}' is not one of the programs 1 to {Programs}");
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
