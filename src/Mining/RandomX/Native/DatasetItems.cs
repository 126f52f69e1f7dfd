namespace P2PMiner.Mining.RandomX.Native;

/// <summary>A view of dataset items that keeps the memory alive until it is disposed.</summary>
internal readonly ref struct DatasetItems : IDisposable
{
    private readonly DatasetHandle _dataset;

    internal unsafe DatasetItems(DatasetHandle dataset, int firstItem, int itemCount)
    {
        bool referenced = false;
        dataset.DangerousAddRef(ref referenced);
        _dataset = dataset;
        byte* memory = dataset.Memory;
        Bytes = new Span<byte>(
            memory + (long)firstItem * RandomXLibrary.DatasetItemSize, checked(itemCount * RandomXLibrary.DatasetItemSize));
    }

    internal Span<byte> Bytes { get; }

    public void Dispose() => _dataset.DangerousRelease();
}
