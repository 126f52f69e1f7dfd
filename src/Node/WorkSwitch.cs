using P2PMiner.Mining;

namespace P2PMiner.Node;

/// <summary>
/// Brings jobs and roles to what hashes. Jobs come from the board and roles from the watch over conditions, which run beside each other: one
/// lock keeps a change of role from bringing back the job before the newest one. Thread-safe.
/// </summary>
/// <param name="start">What the node is at the start.</param>
/// <param name="apply">Changes what the node is.</param>
/// <param name="search">Searches a job.</param>
/// <param name="rest">Searches nothing, and keeps no memory for it.</param>
internal sealed class WorkSwitch(RolePlan start, Action<RolePlan> apply, Action<Job> search, Action rest)
{
    private readonly Lock _lock = new();
    private RolePlan _plan = start;
    private Job? _job;

    /// <summary>Another job is the newest.</summary>
    public void Publish(Job job)
    {
        lock (_lock)
        {
            _job = job;
            Search();
        }
    }

    /// <summary>The node is something else from now on.</summary>
    public void Change(RolePlan plan)
    {
        lock (_lock)
        {
            bool endsHashing = _plan.HasCaches && !plan.HasCaches;
            _plan = plan;
            apply(plan);
            if (endsHashing)
                rest();
            Search();
        }
    }

    private void Search()
    {
        if (_job is not null && _plan.HasCaches)
            search(_job);
    }
}
