using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

[TestFixture]
internal sealed class DaemonEndpointTests
{
    [TestCase("http://127.0.0.1:18081", "http://127.0.0.1:18081")]
    [TestCase("127.0.0.1:38081", "http://127.0.0.1:38081")]
    [TestCase("node.example", "http://node.example:18081")]
    [TestCase("http://node.example/", "http://node.example:18081")]
    [TestCase("http://node.example:80", "http://node.example:80")]
    [TestCase("https://node.example", "https://node.example:18081")]
    [TestCase("https://node.example:443/json_rpc", "https://node.example:443")]
    [TestCase("http://[::1]:18089", "http://[::1]:18089")]
    [TestCase("http://[::1]", "http://[::1]:18081")]
    public void Url_IsCompleted(string text, string name)
    {
        Assert.That(DaemonEndpoint.TryParse(text, out DaemonEndpoint? endpoint, out string error), Is.True, error);
        Assert.That(endpoint!.Name, Is.EqualTo(name));
        Assert.That(endpoint.RpcUri, Is.EqualTo(new Uri($"{name}/json_rpc")));
        Assert.That(endpoint.Login, Is.Null);
    }

    [Test]
    public void Login_IsKeptOutOfTheName()
    {
        Assert.That(DaemonEndpoint.TryParse("http://alice:p%40ss%3Aword@10.0.0.7:18081", out DaemonEndpoint? endpoint, out _), Is.True);
        Assert.That(endpoint!.Name, Is.EqualTo("http://10.0.0.7:18081"));
        Assert.That(endpoint.RpcUri.ToString(), Does.Not.Contain("alice"));
        Assert.That((endpoint.Login!.UserName, endpoint.Login.Password), Is.EqualTo(("alice", "p@ss:word")));
        Assert.That(endpoint.ConventionalZmqAddress, Is.EqualTo("tcp://10.0.0.7:18083"));
    }

    [TestCase("", "not a URL")]
    [TestCase("http://", "not a URL")]
    [TestCase("ftp://node.example", "http:// or https://")]
    [TestCase("http://node.example:99999", "not a URL")]
    [TestCase("http://node.example/wallet", "must end after the port")]
    [TestCase("http://node.example?x=1", "must end after the port")]
    [TestCase("http://alice@node.example", "without a password")]
    public void Mistake_IsExplained(string text, string explanation)
    {
        Assert.That(DaemonEndpoint.TryParse(text, out _, out string error), Is.False);
        Assert.That(error, Does.Contain(explanation));
    }

    [Test]
    public void Password_IsInNoError()
    {
        Assert.That(DaemonEndpoint.TryParse("ftp://alice:secret@node.example", out _, out string error), Is.False);
        Assert.That(error, Does.Not.Contain("secret"));
    }
}
