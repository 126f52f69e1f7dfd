using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer;

/// <summary>Exceptions as one line, "Name: message".</summary>
internal static class ErrorText
{
    public static string Of(Exception error)
    {
        string name = error is UnsupportedProtocolException ? "UnsupportedProtocolError" : error.GetType().Name;
        return OneLine($"{name}: {error.Message}");
    }

    public static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
