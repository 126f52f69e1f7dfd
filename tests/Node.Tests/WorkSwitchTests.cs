using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class WorkSwitchTests
{
    private static readonly RolePlan Full = RolePlan.Working(isFull: true, isHost: true, "there is room");
    private static readonly RolePlan Light = RolePlan.Working(isFull: false, isHost: false, "there is none");
    private static readonly RolePlan Relay = RolePlan.Relaying("there is none at all");

    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly List<string> _done = [];
    private Action _onSearch = static () => { };

    [Test]
    public void Role_FindsTheNewestJob_AndARelayNone()
    {
        WorkSwitch work = Switch(Full);
        work.Publish(Job(1));
        work.Change(Light);
        work.Change(Relay);
        work.Publish(Job(2));
        Assert.That(_done, Is.EqualTo(new[] { "search 1", "Light", "search 1", "Light", "rest" }));
        work.Change(Light);
        Assert.That(_done[^1], Is.EqualTo("search 2"));
    }

    /// <summary>
    /// The board publishes while a change of role brings the job before to the engine again: whichever comes first, the newest is searched in
    /// the end.
    /// </summary>
    [Test]
    public void ChangeOfRole_NeverBringsAnOldJobBack()
    {
        WorkSwitch work = Switch(Full);
        work.Publish(Job(1));
        Thread? board = null;
        _onSearch = () =>
        {
            if (board is not null)
                return;
            board = new Thread(() => work.Publish(Job(2)));
            board.Start();

            // Until it has published, or waits for its turn.
            SpinWait.SpinUntil(() => !board.IsAlive || (board.ThreadState & ThreadState.WaitSleepJoin) != 0, TimeSpan.FromSeconds(30));
        };
        work.Change(Light);
        board!.Join();
        Assert.That(_done[^1], Is.EqualTo("search 2"));
    }

    private WorkSwitch Switch(RolePlan start) => new(start, plan => Note($"{plan.Memory}"), Search, () => Note("rest"));

    private void Search(Job job)
    {
        _onSearch();
        Note($"search {job.Height}");
    }

    private void Note(string text)
    {
        lock (_done)
            _done.Add(text);
    }

    private ChainJob Job(ulong height)
    {
        ShareTemplate template = _tree.NextTemplate(TestChain.Alice, TestChain.Start);
        return ChainJob.Create($"{height}", template with { Header = template.Header with { Height = height } });
    }
}
