using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>The program on CPUs that lack some instructions, as .NET's switches hide them: the published hashes, whatever computes them.</summary>
public sealed class MaskedCpuTests
{
    [TestCase("DOTNET_EnableAVX512=0")]
    [TestCase("DOTNET_EnableAVX512=0", "DOTNET_EnableAVX2=0")]
    [TestCase("DOTNET_EnableAVX2=0", "DOTNET_EnableSSE42=0")]
    [TestCase("DOTNET_EnableAES=0")]
    [TestCase("DOTNET_EnableHWIntrinsic=0")]
    public async Task Hashes_AreThePublishedOnes_WithoutSomeInstructions(params string[] masks)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Ignore("these switches are of x86-64");
        foreach (JsonElement vector in VectorFile.Read("randomx-hashes.json").DistinctBy(vector => vector.Text("key")))
        {
            foreach ((string field, string algorithm) in new[] { ("hash", "rx/0"), ("hashV2", "rx/2") })
            {
                string hash = await HashAsync(masks, "--key", vector.Text("key"), "--input", vector.Text("input"), "--engine", "managed", "--algo", algorithm);
                Assert.That(hash, Is.EqualTo(vector.Text(field)), vector.Text("name"));
            }
        }
    }

    private static async Task<string> HashAsync(string[] environment, params string[] arguments)
    {
        string[] command = [.. environment, .. NodeProcess.Command, "hash", .. arguments];
        using Process process = Process.Start(new ProcessStartInfo("env", command) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> complaints = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, await complaints);
        return output.Trim();
    }
}
