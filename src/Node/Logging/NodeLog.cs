using Microsoft.Extensions.Logging;
using P2PMiner.Node.Configuration;
using Serilog;
using Serilog.Extensions.Logging;

namespace P2PMiner.Node.Logging;

/// <summary>The log of a run: to the console, to a file when asked for, and the last events in memory.</summary>
internal sealed class NodeLog : IDisposable
{
    /// <summary>One file, in bytes; a full one is renamed and a new one begun.</summary>
    private const long MaxFileSize = 10 * 1024 * 1024;

    /// <summary>Full files that are kept, the current one included.</summary>
    private const int MaxFiles = 5;

    private const string ConsoleTime = "HH:mm:ss";
    private const string FileTime = "yyyy-MM-dd HH:mm:ss.fffzzz";

    private readonly Serilog.Core.Logger _serilog;

    private NodeLog(Serilog.Core.Logger serilog, RecentEvents recent)
    {
        _serilog = serilog;
        Recent = recent;
        Factory = new SerilogLoggerFactory(serilog);
    }

    /// <summary>Makes the loggers that components take.</summary>
    public ILoggerFactory Factory { get; }

    public RecentEvents Recent { get; }

    /// <param name="options">Level and file.</param>
    /// <param name="console">Whether to write to the console; not while a panel has it.</param>
    /// <exception cref="UsageException">The log file cannot be written.</exception>
    public static NodeLog Create(NodeOptions options, bool console)
    {
        var recent = new RecentEvents();
        bool stackTraces = options.LogLevel <= LogLevel.Debug;
        LoggerConfiguration configuration = new LoggerConfiguration()
            .MinimumLevel.Is(LevelConvert.ToSerilogLevel(options.LogLevel))
            .MinimumLevel.Override("P2PMiner.P2P", LevelConvert.ToSerilogLevel(Quieter(options.LogLevel)))
            .MinimumLevel.Override("P2PMiner.P2P.PubSub", LevelConvert.ToSerilogLevel(options.LogLevel))
            .WriteTo.Sink(recent);
        if (console)
            configuration.WriteTo.Console(new LineFormatter(ConsoleTime, stackTraces));
        if (options.LogFile is string path)
        {
            CheckWritable(path);
            configuration.WriteTo.File(
                new LineFormatter(FileTime, stackTraces), path,
                fileSizeLimitBytes: MaxFileSize, rollOnFileSizeLimit: true, retainedFileCountLimit: MaxFiles);
        }
        return new NodeLog(configuration.CreateLogger(), recent);
    }

    public void Dispose()
    {
        Factory.Dispose();
        _serilog.Dispose();
    }

    /// <summary>What the libp2p host tells at level info is of use to those who look for its errors only.</summary>
    private static LogLevel Quieter(LogLevel level) => level == LogLevel.Information ? LogLevel.Warning : level;

    /// <summary>The file sink only reports to its own log, where nobody looks.</summary>
    private static void CheckWritable(string path)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is string directory)
                Directory.CreateDirectory(directory);
            using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--log-file: cannot write {path}: {error.Message}");
        }
    }
}
