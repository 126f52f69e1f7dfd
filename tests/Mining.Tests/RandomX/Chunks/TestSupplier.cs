using P2PMiner.Mining.RandomX.Chunks;

namespace P2PMiner.Mining.Tests.RandomX.Chunks;

/// <summary>Brings chunks as a test says.</summary>
internal sealed class TestSupplier(Func<ChunkIntake, CancellationToken, Task> supply) : IChunkSupplier
{
    public Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation) => supply(intake, cancellation);
}
