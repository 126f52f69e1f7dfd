using System.Diagnostics.CodeAnalysis;

/// <summary>
/// Run in a p2p-peer before its own code (DOTNET_STARTUP_HOOKS): makes it fail when a file appears, as nothing that the program takes can.
/// </summary>
[SuppressMessage("Design", "CA1050", Justification = "the runtime looks for exactly this name")]
internal static class StartupHook
{
    /// <summary>The file that is waited for; its text says what fails.</summary>
    public const string FileVariable = "P2P_MINER_TEST_FAILURE_FILE";

    public static void Initialize() => new Thread(FailWhenTold) { IsBackground = true }.Start();

    private static void FailWhenTold()
    {
        string file = Environment.GetEnvironmentVariable(FileVariable)!;
        while (!File.Exists(file))
            Thread.Sleep(20);
        if (File.ReadAllText(file) == "thread")
            throw new InvalidOperationException("thrown\non a thread");
        LoseTask();
        while (true)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }
    }

    private static void LoseTask() => Task.Run(static () => throw new InvalidOperationException("lost in a task"));
}
