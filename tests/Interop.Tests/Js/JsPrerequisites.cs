using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>Skips every test against js-libp2p by name where it cannot run, or fails them all where it has to.</summary>
[SetUpFixture]
internal sealed class JsPrerequisites
{
    /// <summary>Set by .ci/run: a machine that cannot run these tests is no place to judge a change.</summary>
    private const string RequiredVariable = "P2P_MINER_INTEROP_REQUIRED";

    [OneTimeSetUp]
    public void Check()
    {
        if (PeerPrograms.MissingForJs() is not string missing)
            return;
        if (Environment.GetEnvironmentVariable(RequiredVariable) is "1" or "true")
            Assert.Fail(missing);
        Assert.Ignore(missing);
    }
}
