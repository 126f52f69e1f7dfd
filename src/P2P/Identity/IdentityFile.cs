namespace P2PMiner.P2P.Identity;

/// <summary>
/// Keeps a node's key between runs, in libp2p's private key encoding: PrivateKey { Type = Ed25519; Data = 64 bytes }
/// (libp2p/specs, peer-ids/peer-ids.md, "Key Types"). Only the owner may read the file.
/// </summary>
public static class IdentityFile
{
    private static ReadOnlySpan<byte> Prefix => [0x08, 0x01, 0x12, 0x40];

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Loads the key at <paramref name="path"/>, or makes one and saves it there if there is no file. A file that others may read, after
    /// a copy or a restored backup, is closed to them.
    /// </summary>
    /// <exception cref="InvalidDataException">The file holds something else: it is left as it is.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not read or write it, or may not close it to others.</exception>
    public static Ed25519KeyPair LoadOrCreate(string path)
    {
        if (File.Exists(path))
            return Load(path);
        Ed25519KeyPair pair = Ed25519KeyPair.Generate();
        Save(path, pair);
        return pair;
    }

    private static Ed25519KeyPair Load(string path)
    {
        int size = Prefix.Length + Ed25519KeyPair.PrivateKeySize;
        Span<byte> content = stackalloc byte[size + 1];
        using (FileStream file = File.OpenRead(path))
        {
            CloseToOthers(file);
            content = content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
        }
        if (content.Length != size || !content.StartsWith(Prefix))
            throw Damaged(path);
        ReadOnlySpan<byte> key = content[Prefix.Length..];
        Ed25519KeyPair pair = Ed25519KeyPair.FromSeed(key[..Ed25519KeyPair.SeedSize]);
        return pair.PrivateKey.SequenceEqual(key) ? pair : throw Damaged(path);
    }

    private static void CloseToOthers(FileStream file)
    {
        if (OperatingSystem.IsWindows())
            return;
        UnixFileMode mode = File.GetUnixFileMode(file.SafeFileHandle);
        if ((mode & ~OwnerOnly) != 0)
            File.SetUnixFileMode(file.SafeFileHandle, mode & OwnerOnly);
    }

    private static void Save(string path, Ed25519KeyPair pair)
    {
        string temporary = path + ".new";
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (FileStream file = new(temporary, options))
        {
            file.Write(Prefix);
            file.Write(pair.PrivateKey);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path);
    }

    private static InvalidDataException Damaged(string path) =>
        new($"{path} is not a node identity: restore it from a backup, or move it away to get a new peer id");
}
