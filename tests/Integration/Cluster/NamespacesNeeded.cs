namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>Ignores the tests of several machines where there can be no network namespaces.</summary>
[SetUpFixture]
internal sealed class NamespacesNeeded
{
    [OneTimeSetUp]
    public void Look()
    {
        try
        {
            LocalNetwork.Create(machines: 0).Dispose();
        }
        catch (MachineException reason)
        {
            Assert.Ignore(reason.Message);
        }
    }
}
