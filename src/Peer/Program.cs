namespace P2PMiner.Peer;

/// <summary>p2p-peer: a libp2p host that takes commands as JSON lines and tells what happens as JSON lines.</summary>
internal static class Program
{
    private const int BadUsage = 2;

    private static async Task<int> Main(string[] arguments)
    {
        PeerOptions options;
        try
        {
            options = PeerOptions.Parse(arguments);
        }
        catch (BadOptionException e)
        {
            return await RefuseAsync(e, arguments);
        }
        using JsonLines output = new(Console.OpenStandardOutput(), options.Name, TimeProvider.System);
        Defects.ReportTo(output);
        using Ending ending = new(options.Life);
        return await RunAsync(options, output, ending);
    }

    private static async Task<int> RunAsync(PeerOptions options, JsonLines output, Ending ending)
    {
        PeerHost peer;
        try
        {
            peer = await PeerHost.StartAsync(options, output);
        }
#pragma warning disable CA1031 // Whatever keeps it from starting is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            output.WriteFirst("uncaught", new() { ["error"] = ErrorText.Of(e) });
            return BadUsage;
        }
        CommandLoop commands = new(peer, output);
        await commands.RunAsync(new InputLines(Console.OpenStandardInput()).Start(), ending.Begun);
        ending.Begin();
        if (ending.IsLifeOver)
            output.Write("life", new() { ["seconds"] = options.Life.TotalSeconds });
        await StopAsync(peer, output);
        output.WriteLast("stopped", []);
        return ending.ExitCode;
    }

    private static async Task StopAsync(PeerHost peer, JsonLines output)
    {
        try
        {
            await peer.DisposeAsync();
        }
#pragma warning disable CA1031 // Whatever keeps it from stopping is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            output.Write("stopError", new() { ["error"] = ErrorText.Of(e) });
        }
    }

    // A bad key is a bad option as well as a start that fails, and is told as both.
    private static async Task<int> RefuseAsync(BadOptionException error, string[] arguments)
    {
        await Console.Error.WriteLineAsync($"p2p-peer: {error.Message}".ReplaceLineEndings(" "));
        if (!error.IsKey)
            return BadUsage;
        string? name = arguments.SkipWhile(argument => argument != "--name").ElementAtOrDefault(1);
        using JsonLines output = new(Console.OpenStandardOutput(), name, TimeProvider.System);
        output.WriteFirst("uncaught", new() { ["error"] = ErrorText.Of(error) });
        return BadUsage;
    }
}
