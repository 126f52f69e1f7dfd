using System.Net;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Transport;

public sealed class IpAddressesTests
{
    [TestCase("127.0.0.1", IpScope.Loopback)]
    [TestCase("127.255.0.9", IpScope.Loopback)]
    [TestCase("::1", IpScope.Loopback)]
    [TestCase("::ffff:127.0.0.1", IpScope.Loopback)]
    [TestCase("10.1.2.3", IpScope.Private)]
    [TestCase("172.16.0.1", IpScope.Private)]
    [TestCase("172.31.255.255", IpScope.Private)]
    [TestCase("192.168.1.1", IpScope.Private)]
    [TestCase("100.64.0.1", IpScope.Private)]
    [TestCase("fd00::1", IpScope.Private)]
    [TestCase("::ffff:10.0.0.1", IpScope.Private)]
    [TestCase("169.254.1.1", IpScope.LinkLocal)]
    [TestCase("fe80::1", IpScope.LinkLocal)]
    [TestCase("fe80::1%3", IpScope.LinkLocal)]
    [TestCase("8.8.8.8", IpScope.Public)]
    [TestCase("172.32.0.1", IpScope.Public)]
    [TestCase("100.128.0.1", IpScope.Public)]
    [TestCase("2a00:1450::1", IpScope.Public)]
    [TestCase("0.0.0.0", IpScope.Unusable)]
    [TestCase("224.0.0.251", IpScope.Unusable)]
    [TestCase("255.255.255.255", IpScope.Unusable)]
    [TestCase("192.0.2.1", IpScope.Unusable)]
    [TestCase("::", IpScope.Unusable)]
    [TestCase("ff02::fb", IpScope.Unusable)]
    public void IpAddresses_KnowTheirScope(string address, IpScope expected) =>
        Assert.That(IpAddresses.Scope(IPAddress.Parse(address)), Is.EqualTo(expected));

    [TestCase("192.168.1.7", "192.168.1.7", "192.168.0.0")]
    [TestCase("::ffff:192.168.1.7", "192.168.1.7", "192.168.0.0")]
    [TestCase("2a00:1450:4001:81b:1:2:3:4", "2a00:1450:4001:81b::", "2a00:1450::")]
    public void IpAddresses_CountHostsAndGroups(string address, string host, string group)
    {
        Assert.That(IpAddresses.Host(IPAddress.Parse(address)), Is.EqualTo(IPAddress.Parse(host)));
        Assert.That(IpAddresses.Group(IPAddress.Parse(address)), Is.EqualTo(IPAddress.Parse(group)));
    }
}
