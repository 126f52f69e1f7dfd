using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary><c>run --dry-run</c>: what would be done, and where each value came from.</summary>
internal static class DryRun
{
    public static void Write(ResolvedOptions resolved, TextWriter output)
    {
        int nameWidth = resolved.Settings.Max(setting => setting.Definition.Name.Length);
        int valueWidth = Math.Min(40, resolved.Settings.Max(setting => setting.Value.Length));
        foreach (Setting setting in resolved.Settings)
        {
            output.WriteLine(
                $"{setting.Definition.Name.PadRight(nameWidth)}  {setting.Value.PadRight(valueWidth)}  ({setting.Origin})");
        }
        HardwareReport report = HardwareReport.Read(resolved.Options);
        output.WriteLine("role: " + RoleOf(resolved.Options, report));
        output.WriteLine("threads: " + report.ThreadPlan.Reason);
        output.WriteLine("memory: " + report.MemoryPlan.Reason);
        foreach (string warning in resolved.Warnings)
            output.WriteLine("warning: " + warning);
    }

    private static string RoleOf(NodeOptions options, HardwareReport report)
    {
        try
        {
            return RolePlan.Of(options, report).Reason;
        }
        catch (UsageException error)
        {
            return $"none, the node would not start: {error.Message}";
        }
    }
}
