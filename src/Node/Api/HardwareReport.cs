using P2PMiner.Hardware;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Api;

/// <summary>
/// The machine, and what the node would do on it: <c>probe --json</c> and <c>GET /api/v1/hardware</c>.
/// </summary>
internal sealed record HardwareReport(HardwareInfo Hardware, ThreadPlan ThreadPlan, MemoryPlan MemoryPlan)
{
    /// <summary>Reads the machine and plans for it what the options leave open.</summary>
    public static HardwareReport Read(NodeOptions options)
    {
        HardwareInfo hardware = HardwareProbe.Read();
        ThreadPlan threads = ThreadPlanner.Plan(hardware, new ThreadRequest(options.Threads));
        return new HardwareReport(hardware, threads, MemoryPlanner.Plan(hardware, RolePlan.MemoryOf(options), threads.Threads.Count));
    }
}
