using System.Buffers;
using System.Security.Cryptography;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Peer.Protocols;

/// <summary>Counts and hashes bytes that pass, and keeps the first ones.</summary>
/// <param name="keep">How many are kept.</param>
internal sealed class HashedBytes(int keep) : IDisposable
{
    /// <summary>What <see cref="ReadToEndAsync"/> gives when the remote has closed its side.</summary>
    public const string EndOfStream = "eof";

    private const int BufferSize = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _kept = new();

    public long Count { get; private set; }

    /// <summary>The first bytes.</summary>
    public ReadOnlySpan<byte> Kept => _kept.GetBuffer().AsSpan(0, (int)_kept.Length);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Count += bytes.Length;
        int room = keep - (int)_kept.Length;
        if (room > 0)
            _kept.Write(bytes[..Math.Min(room, bytes.Length)]);
    }

    /// <summary>Hex of the hash so far.</summary>
    public string Sha256() => JsonValues.Hex(_hash.GetCurrentHash());

    /// <summary>Reads until the end, a limit or an error.</summary>
    /// <returns>Why reading stopped.</returns>
    public async Task<string> ReadToEndAsync(PeerStream stream, long limit, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (Count < limit)
            {
                int count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit - Count)), cancellation);
                if (count == 0)
                    return EndOfStream;
                Add(buffer.AsSpan(0, count));
            }
            return "maxBytes";
        }
        catch (StreamResetException e)
        {
            return $"reset: {e.Message}";
        }
        catch (ConnectionClosedException)
        {
            return "closed";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _kept.Dispose();
    }
}
