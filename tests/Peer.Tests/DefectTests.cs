using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class DefectTests : PeerTest
{
    [TestCase("thread", "uncaught", "InvalidOperationException: thrown on a thread")]
    [TestCase("task", "unhandled", "InvalidOperationException: lost in a task")]
    public async Task Exception_ThatNobodyCatchesIsToldAndEndsNothing(string where, string name, string error)
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"failure-{Guid.NewGuid():N}");
        PeerProcess peer = Keep(PeerProcess.StartDefective(new()
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(DefectTests).Assembly.Location,
            [StartupHook.FileVariable] = file,
        }));
        try
        {
            await peer.ListeningAsync();

            await File.WriteAllTextAsync(file + ".new", where);
            File.Move(file + ".new", file);

            Assert.That((await peer.EventAsync(name)).Text("error"), Is.EqualTo(error));
            await peer.CallAsync("peers");
            peer.CloseInput();
            (int code, _) = await peer.EndAsync();
            Assert.That(code, Is.Zero);
            Assert.That(peer.Log.All[^1].Ev(), Is.EqualTo("stopped"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
