using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.Integration.Tests;

/// <summary>What a test needs of the machine: where it is not there the test is skipped by name, or fails where nothing may be left out.</summary>
internal static class Prerequisite
{
    /// <summary>Set by .ci/run: a machine that cannot run these tests is no place to judge a change.</summary>
    private const string RequiredVariable = "P2P_MINER_INTEROP_REQUIRED";

    /// <param name="missing">What is not there, and how to get it; null when all is there.</param>
    public static void Check(string? missing)
    {
        if (missing is not null)
            Miss(missing);
    }

    /// <param name="what">What is not there, and how to get it.</param>
    [DoesNotReturn]
    public static void Miss(string what)
    {
        if (Environment.GetEnvironmentVariable(RequiredVariable) is "1" or "true")
            Assert.Fail(what);
        Assert.Ignore(what);
        throw new InvalidOperationException(what);
    }
}
