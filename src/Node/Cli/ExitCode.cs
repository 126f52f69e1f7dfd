namespace P2PMiner.Node.Cli;

/// <summary>Exit codes that scripts rely on.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C or SIGTERM; also of <c>run</c>, which never ends otherwise without a failure.</summary>
    public const int Interrupted = 130;
}
