using P2PMiner.Mining.RandomX.Chunks;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Stands for a supplier that is made after those who use it; it is there before the first dataset is made.</summary>
internal sealed class LateSupplier(Func<IChunkSupplier> supplier) : IChunkSupplier
{
    public Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation) => supplier().SupplyAsync(intake, cancellation);
}
