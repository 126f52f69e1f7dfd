using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RoleKeeperTests
{
    private static readonly RoleConditions Roomy = new(8L << 30, IsOnBattery: false, Members: 2, Hosts: 1, HasBetterHost: true);
    private static readonly RoleConditions Scarce = Roomy with { AvailableBytes = RoleKeeper.LowWater - 1 };
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [Test]
    public void MemoryTakenByOthers_EndsFullMode_OnlyWhenItLasts()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 2 }, 8192);
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host, worker"));
        Assert.That(After(keeper, Scarce, RoleKeeper.GiveUpAfter - Look), Is.Zero);
        Assert.That(After(keeper, Roomy, Look), Is.Zero);
        Assert.That(After(keeper, Scarce, RoleKeeper.GiveUpAfter - Look), Is.Zero, "it began anew");
        Assert.That(After(keeper, Scarce, 2 * Look), Is.EqualTo(1));
        Assert.That(keeper.Plan, Is.EqualTo(RolePlan.Working(isFull: false, isHost: false, "other programs need the memory: 127 MiB available")));
        Assert.That(keeper.Plan.Role, Is.EqualTo("worker"));

        // What was given up is free now, and must not be taken again for that alone.
        RoleConditions freed = Roomy with { AvailableBytes = RoleKeeper.LowWater + MemoryPlanner.DatasetBytes };
        Assert.That(After(keeper, freed, TimeSpan.FromHours(1)), Is.Zero);
        Assert.That(After(keeper, Roomy, RoleKeeper.TakeAfter - Look), Is.Zero);
        Assert.That(After(keeper, Roomy, 2 * Look), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host, worker"));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Full));
    }

    [Test]
    public void ProgramsThatWaitForMemory_EndFullMode_UntilTheyHaveNotForLong()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 2 }, 8192);
        RoleConditions waiting = Scarce with { AvailableBytes = RoleKeeper.StallRoom - 1, StallPercent = RoleKeeper.StallLimit + 1 };
        Assert.That(After(keeper, waiting with { StallPercent = RoleKeeper.StallLimit }, TimeSpan.FromHours(1)), Is.Zero, "little of the time");
        Assert.That(After(keeper, waiting with { AvailableBytes = RoleKeeper.StallRoom }, TimeSpan.FromHours(1)), Is.Zero, "for another reason");
        Assert.That(After(keeper, waiting, RoleKeeper.GiveUpAfter - Look), Is.Zero);
        Assert.That(After(keeper, waiting, 2 * Look), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Light));
        Assert.That(keeper.Plan.Reason, Is.EqualTo("worker, because other programs need the memory: they wait for it 11 % of the time"));

        RoleConditions calm = Roomy with { StallPercent = 0 };
        Assert.That(After(keeper, calm, RoleKeeper.CalmTime - Look), Is.Zero);
        Assert.That(After(keeper, waiting, Look), Is.Zero);
        Assert.That(After(keeper, calm, RoleKeeper.CalmTime + RoleKeeper.TakeAfter - 3 * Look), Is.Zero, "it began anew");
        Assert.That(After(keeper, calm, 4 * Look), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Full));
    }

    [Test]
    public void ProgramsThatWaitForMemory_GetAPartBack_AlsoWhereNothingTellsWhatIsAvailable()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Memory = MemoryRequest.Hybrid, Threads = 2 }, 2200);
        Assert.That(After(keeper, Roomy with { AvailableBytes = null, StallPercent = 50 }, RoleKeeper.GiveUpAfter), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Light)));
        Assert.That(After(keeper, Roomy, RoleKeeper.CalmTime), Is.Zero);
        Assert.That(After(keeper, Roomy, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Hybrid));
    }

    [Test]
    public void Battery_EndsHosting_NotHashing()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 2 }, 8192);
        Assert.That(After(keeper, Roomy with { IsOnBattery = true }, TimeSpan.FromMinutes(1)), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("worker"));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Full));
        Assert.That(keeper.Plan.Reason, Does.Contain("battery"));
        Assert.That(After(keeper, Roomy, TimeSpan.FromMinutes(2)), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host, worker"));
    }

    [Test]
    public void IdleNode_HostsWhileNobodyElseDoes()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 0 }, 8192);
        Assert.That(keeper.Plan.Role, Is.EqualTo("relay"));
        RoleConditions none = Roomy with { Hosts = 0, HasBetterHost = false };
        Assert.That(After(keeper, none with { Members = 0 }, TimeSpan.FromHours(1)), Is.Zero, "nobody needs it");
        Assert.That(After(keeper, Roomy, TimeSpan.FromHours(1)), Is.Zero, "somebody else does");
        Assert.That(After(keeper, none with { AvailableBytes = 2L << 30 }, TimeSpan.FromHours(1)), Is.Zero, "no room");
        Assert.That(After(keeper, none, TimeSpan.FromMinutes(2)), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host"));
        Assert.That(After(keeper, none with { AvailableBytes = 1L << 30 }, TimeSpan.FromHours(1)), Is.Zero, "the room is its own");
        Assert.That(After(keeper, none with { Hosts = 1 }, TimeSpan.FromHours(1)), Is.Zero, "the other one gives up");
        Assert.That(After(keeper, Roomy, TimeSpan.FromMinutes(1)), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("relay"));
    }

    [Test]
    public void IdleNode_WaitsLongerWhileSomebodySaysThatHeHosts_ButNotForEver()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 0 }, 8192);
        RoleConditions claimed = Roomy with { Hosts = 0, HasBetterHost = false, HasUnprovenHosts = true };
        Assert.That(After(keeper, claimed, RoleKeeper.ProofTime - Look), Is.Zero);
        Assert.That(After(keeper, claimed, 2 * Look), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host"));
        Assert.That(After(keeper, claimed, TimeSpan.FromHours(1)), Is.Zero, "a word alone ends nothing");
    }

    [Test]
    public void MachineTooSmallForLightMode_Relays_AndHashesWhenItHasGrown([Values(NodeMode.Auto, NodeMode.Worker)] NodeMode mode)
    {
        NodeOptions options = new() { Engine = EngineKind.Native, Mode = mode, Threads = 2 };
        RoleKeeper keeper = Keeper(options, 512);
        Assert.That(keeper.Plan.Role, Is.EqualTo("relay"));
        Assert.That(keeper.Plan.HasCaches, Is.False);
        Assert.That(keeper.Plan.Reason, Does.Contain("512 MiB available"));
        RoleConditions enough = Roomy with { AvailableBytes = MemoryPlanner.LightBytes(2, LaneCounts.One) + MemoryPlanner.SystemReserveBytes };
        Assert.That(After(keeper, enough with { AvailableBytes = enough.AvailableBytes - 1 }, TimeSpan.FromHours(1)), Is.Zero);
        Assert.That(After(keeper, enough, TimeSpan.FromMinutes(2)), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("worker"));
        Assert.That(keeper.Plan.HasCaches, Is.True);
    }

    [Test]
    public void WorkerInLightMode_RelaysWhenMemoryIsScarcerStill_AndHashesAgain()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 2, Engine = EngineKind.Native }, 8192);
        Assert.That(After(keeper, Scarce, RoleKeeper.GiveUpAfter), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Light)));
        Assert.That(After(keeper, Scarce, RoleKeeper.GiveUpAfter - Look), Is.Zero);
        Assert.That(After(keeper, Scarce, 2 * Look), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.HasCaches), Is.EqualTo(("relay", false)));
        Assert.That(keeper.Plan.Reason, Is.EqualTo("relay, because other programs need the memory: 127 MiB available"));

        long light = MemoryPlanner.LightBytes(2, LaneCounts.One);
        Assert.That(After(keeper, Roomy with { AvailableBytes = RoleKeeper.LowWater + light }, TimeSpan.FromHours(1)), Is.Zero, "what it gave back");
        Assert.That(After(keeper, Roomy with { AvailableBytes = MemoryPlanner.SystemReserveBytes + light }, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Light)));
        Assert.That(After(keeper, Roomy, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("dataset host, worker"));
    }

    [Test]
    public void WorkerInLightMode_DoesNotRelayForWhatItsCachesWouldNotMend()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Threads = 2, Engine = EngineKind.Native }, 1024);
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Light)));
        RoleConditions waiting = Roomy with { AvailableBytes = MemoryPlanner.LightBytes(2, LaneCounts.One), StallPercent = 90 };
        Assert.That(After(keeper, waiting, TimeSpan.FromHours(1)), Is.Zero);
        Assert.That(After(keeper, waiting with { AvailableBytes = waiting.AvailableBytes - 1 }, RoleKeeper.GiveUpAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Role, Is.EqualTo("relay"));
        Assert.That(After(keeper, Roomy with { StallPercent = 0 }, RoleKeeper.CalmTime), Is.Zero);
    }

    [Test]
    public void WhatTheUserAskedFor_Stays()
    {
        NodeOptions[] fixedRoles =
        [
            new() { Mode = NodeMode.Master, Threads = 2 }, new() { Mode = NodeMode.Worker, Threads = 2 }, new() { DatasetHost = true, Threads = 2 },
            new() { Mode = NodeMode.Master, Threads = 0 },
        ];
        foreach (NodeOptions options in fixedRoles)
        {
            RoleKeeper keeper = Keeper(options, 8192);
            Assert.That(After(keeper, Scarce with { IsOnBattery = true }, TimeSpan.FromHours(1)), Is.Zero);
            Assert.That(After(keeper, Roomy with { Hosts = 0, HasBetterHost = false }, TimeSpan.FromHours(1)), Is.Zero);
        }
        RoleKeeper full = Keeper(new NodeOptions { Memory = MemoryRequest.Full, Threads = 2 }, 8192);
        Assert.That(After(full, Scarce, TimeSpan.FromHours(1)), Is.Zero);
        RoleKeeper light = Keeper(new NodeOptions { Memory = MemoryRequest.Light, Threads = 2 }, 8192);
        Assert.That(After(light, Roomy, TimeSpan.FromHours(1)), Is.Zero);
        Assert.That(After(light, Scarce, TimeSpan.FromHours(1)), Is.Zero);
    }

    [Test]
    public void PartOfADataset_IsGivenBackAndTakenAgain()
    {
        RoleKeeper keeper = Keeper(new NodeOptions { Memory = MemoryRequest.Hybrid, Threads = 2 }, 2200);
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Hybrid)));
        Assert.That(After(keeper, Scarce, RoleKeeper.GiveUpAfter - Look), Is.Zero);
        Assert.That(After(keeper, Scarce, 2 * Look), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Light)));
        Assert.That(After(keeper, Roomy, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Hybrid));
    }

    [Test]
    public void PartOfADataset_TakenByItself_BecomesLightMode_PartAndWholeDataset()
    {
        NodeOptions options = new() { Threads = 2 };
        HardwareReport machine = RolePlanTests.Machine(options, 2200);
        MemoryPlan part = MemoryPlanner.Plan(machine.Hardware, MemoryRequest.Auto, 2, LaneCounts.One, takesPart: true);
        machine = machine with { MemoryPlan = part };
        RoleKeeper keeper = new(options, machine, RolePlan.Of(options, machine), _time);
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("worker", MemoryMode.Hybrid)));
        Assert.That(keeper.Plan.Reason, Does.Contain("part of the dataset fits"));
        Assert.That(After(keeper, Scarce, 2 * RoleKeeper.GiveUpAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Light));
        RoleConditions roomForThePart = Scarce with { AvailableBytes = part.PartBytes + MemoryPlanner.SystemReserveBytes };
        Assert.That(After(keeper, roomForThePart with { AvailableBytes = roomForThePart.AvailableBytes - 1 }, 2 * RoleKeeper.TakeAfter), Is.Zero);
        Assert.That(After(keeper, roomForThePart, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That(keeper.Plan.Memory, Is.EqualTo(MemoryMode.Hybrid));
        long rest = MemoryPlanner.DatasetBytes - part.PartBytes;
        RoleConditions roomForAll = Scarce with { AvailableBytes = rest + MemoryPlanner.SystemReserveBytes + RoleKeeper.Margin };
        Assert.That(After(keeper, roomForAll, 2 * RoleKeeper.TakeAfter), Is.EqualTo(1));
        Assert.That((keeper.Plan.Role, keeper.Plan.Memory), Is.EqualTo(("dataset host, worker", MemoryMode.Full)));
    }

    /// <summary>Times that the plan changed while conditions lasted for a while.</summary>
    private int After(RoleKeeper keeper, RoleConditions conditions, TimeSpan time)
    {
        int changes = 0;
        for (TimeSpan passed = TimeSpan.Zero; passed <= time; passed += Look)
        {
            changes += keeper.Look(conditions) ? 1 : 0;
            _time.Advance(Look);
        }
        return changes;
    }

    private RoleKeeper Keeper(NodeOptions options, long availableMib)
    {
        HardwareReport machine = RolePlanTests.Machine(options, availableMib);
        return new RoleKeeper(options, machine, RolePlan.Of(options, machine), _time);
    }
}
