using System.Runtime.InteropServices;

namespace P2PMiner.Peer;

/// <summary>p2p-peer: a libp2p host that takes commands as JSON lines and tells what happens as JSON lines.</summary>
internal static class Program
{
    private const int BadUsage = 2;
    private const int LifeOver = 3;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(4);

    private static async Task<int> Main(string[] arguments)
    {
        PeerOptions options;
        try
        {
            options = PeerOptions.Parse(arguments);
        }
        catch (BadOptionException e)
        {
            await Console.Error.WriteLineAsync($"p2p-peer: {e.Message}");
            return BadUsage;
        }
        using JsonLines output = new(Console.OpenStandardOutput(), options.Name, TimeProvider.System);
        TaskScheduler.UnobservedTaskException += (_, e) =>
        {
            output.Write("unhandled", new() { ["error"] = ErrorText.Of(e.Exception) });
            e.SetObserved();
        };
        return await RunAsync(options, output);
    }

    private static async Task<int> RunAsync(PeerOptions options, JsonLines output)
    {
        using CancellationTokenSource stop = new();
        using PosixSignalRegistration terminate = Register(PosixSignal.SIGTERM, stop);
        using PosixSignalRegistration interrupt = Register(PosixSignal.SIGINT, stop);
        PeerHost peer;
        try
        {
            peer = await PeerHost.StartAsync(options, output);
        }
        catch (Exception e)
        {
            output.WriteFirst("uncaught", new() { ["error"] = ErrorText.Of(e) });
            return BadUsage;
        }
        using CancellationTokenSource life = new(options.Life);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, life.Token);
        await new CommandLoop(peer, output).RunAsync(Console.OpenStandardInput(), ends.Token);
        bool isLifeOver = life.IsCancellationRequested && !stop.IsCancellationRequested;
        if (isLifeOver)
            output.Write("life", new() { ["seconds"] = options.Life.TotalSeconds });
        await StopAsync(peer, output);
        output.Write("stopped", []);
        return isLifeOver ? LifeOver : 0;
    }

    private static PosixSignalRegistration Register(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });

    private static async Task StopAsync(PeerHost peer, JsonLines output)
    {
        try
        {
            await peer.DisposeAsync().AsTask().WaitAsync(StopLimit);
        }
        catch (Exception e)
        {
            output.Write("stopError", new() { ["error"] = ErrorText.Of(e) });
        }
    }
}
