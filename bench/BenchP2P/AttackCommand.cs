using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using P2PMiner.BenchP2P.Many;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.Interop.Tests.Raw;

namespace P2PMiner.BenchP2P;

/// <summary>
/// <c>attack --kind K --target HOST:PORT</c>: says "ready" when it has warmed up, attacks until its stdin ends, then says how often it was
/// cut off. It is a command, so that what it costs is not counted among what the hosts do.
/// </summary>
internal static class AttackCommand
{
    public const string Name = "attack";

    private const int Seed = 7;
    private const int RpcsOfOneAttack = 1_000_000;
    private const int StreamsOfOneAttack = 10_000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Forever = TimeSpan.FromMinutes(5);

    /// <summary>An attacker that was cut off comes back under another name, but no faster than a connection would take over a network.</summary>
    private static readonly TimeSpan Return = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        var kind = new Option<string>("--kind") { Required = true };
        var target = new Option<string>("--target") { Required = true };
        var command = new Command(Name, "misbehaves towards a host on loopback") { kind, target };
        command.Hidden = true;
        command.SetAction(async parse =>
        {
            IPEndPoint host = IPEndPoint.Parse(parse.GetValue(target)!);
            if (!IPAddress.IsLoopback(host.Address))
                throw new PeerException("only hosts on loopback are attacked");
            // Reading a line of the console blocks.
            Task end = Task.Run(Console.In.ReadLine);
            Task<(int Attacks, int Cuts)> attacking = AttackUntilAsync(end, parse.GetValue(kind)!, host);
            await Task.Delay(WarmUp);
            Console.WriteLine("ready");
            (int attacks, int cuts) = await attacking;
            Console.WriteLine($"{cuts} of {attacks}");
            Environment.Exit(0);
        });
        return command;
    }

    private static async Task<(int Attacks, int Cuts)> AttackUntilAsync(Task end, string kind, IPEndPoint host)
    {
        var random = new Random(Seed);
        (int attacks, int cuts) = (0, 0);
        while (!end.IsCompleted)
        {
            Task<bool> attack = AttackAsync(kind, host, random);
            attacks++;
            if (await Task.WhenAny(attack, end) == end)
                break;
            cuts += await attack ? 1 : 0;
            await Task.Delay(Return);
        }
        return (attacks, cuts);
    }

    private static async Task<bool> AttackAsync(string kind, IPEndPoint host, Random random)
    {
        try
        {
            return kind switch
            {
                Attacks.Streams => await Flood.OfStreamsAsync(host, StreamsOfOneAttack),
                Attacks.Garbage => await Flood.OfGarbageAsync(host, random),
                Attacks.NeverReads => await Flood.OfNothingAsync(host, MeshRun.Topic, Forever),
                _ => await Flood.OfRpcsAsync(host, kind, MeshRun.Topic, RpcsOfOneAttack),
            };
        }
        catch (Exception problem) when (problem is IOException or SocketException or InvalidDataException)
        {
            // Cut off in the middle of something.
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
