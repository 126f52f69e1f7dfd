using System.Runtime.ExceptionServices;

namespace P2PMiner.Peer;

/// <summary>Tells of exceptions that nobody caught; none of them ends the peer.</summary>
internal static class Defects
{
    /// <summary>From now on, once per process.</summary>
    public static void ReportTo(JsonLines output)
    {
        ExceptionHandling.SetUnhandledExceptionHandler(error =>
        {
            output.Write("uncaught", new() { ["error"] = ErrorText.Of(error) });
            return true;
        });
        TaskScheduler.UnobservedTaskException += (_, e) =>
        {
            output.Write("unhandled", new() { ["error"] = ErrorText.Of(e.Exception.GetBaseException()) });
            e.SetObserved();
        };
    }
}
