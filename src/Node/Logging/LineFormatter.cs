using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;

namespace P2PMiner.Node.Logging;

/// <summary>One event, one line: time, level, message. Stack traces follow only when debugging.</summary>
/// <param name="timeFormat">A .NET format of local time.</param>
/// <param name="stackTraces">Whether exceptions are written in full.</param>
internal sealed class LineFormatter(string timeFormat, bool stackTraces) : ITextFormatter
{
    public void Format(LogEvent logEvent, TextWriter output)
    {
        string time = logEvent.Timestamp.ToString(timeFormat, CultureInfo.InvariantCulture);
        string level = logEvent.Level switch
        {
            LogEventLevel.Verbose => "trace",
            LogEventLevel.Debug => "debug",
            LogEventLevel.Information => "info ",
            LogEventLevel.Warning => "warn ",
            _ => "error",
        };
        output.WriteLine($"{time} {level} {Message(logEvent)}");
        if (stackTraces && logEvent.Exception is not null)
            output.WriteLine(logEvent.Exception);
    }

    /// <summary>The message, and after a colon what the exception says.</summary>
    public static string Message(LogEvent logEvent)
    {
        using var message = new StringWriter(CultureInfo.InvariantCulture);
        foreach (Serilog.Parsing.MessageTemplateToken token in logEvent.MessageTemplate.Tokens)
        {
            // Texts are written without quotes; numbers and the rest in their own format.
            if (token is Serilog.Parsing.PropertyToken property
                && logEvent.Properties.TryGetValue(property.PropertyName, out LogEventPropertyValue? value)
                && value is ScalarValue { Value: string text })
                message.Write(text);
            else
                token.Render(logEvent.Properties, message, CultureInfo.InvariantCulture);
        }
        if (logEvent.Exception is not null)
            message.Write(": " + logEvent.Exception.Message);
        return LogText.OneLine(message.ToString());
    }
}
