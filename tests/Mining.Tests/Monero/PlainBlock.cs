using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

/// <summary>
/// A Monero block as plain data, written and read without the code under test: the reader takes any form of a varint and
/// believes every length, the writer knows only the canonical form. So whatever a strict parser accepts has to come out
/// of reading and writing unchanged.
/// </summary>
internal sealed record PlainBlock(
    ulong Major, ulong Minor, ulong Timestamp, byte[] Previous, uint Nonce, PlainCoinbase Coinbase, Hash256[] Transactions)
{
    public static PlainBlock Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        var block = new PlainBlock(
            Varint(reader), Varint(reader), Varint(reader), reader.ReadBytes(32), reader.ReadUInt32(), PlainCoinbase.Read(reader),
            new Hash256[Varint(reader)]);
        for (int i = 0; i < block.Transactions.Length; i++)
            block.Transactions[i] = new Hash256(reader.ReadBytes(32));
        return block;
    }

    public byte[] Write(out int coinbaseOffset)
    {
        var bytes = new MemoryStream();
        Put(bytes, Major);
        Put(bytes, Minor);
        Put(bytes, Timestamp);
        bytes.Write(Previous);
        bytes.Write(BitConverter.GetBytes(Nonce));
        coinbaseOffset = (int)bytes.Length;
        bytes.Write(Coinbase.Write());
        Put(bytes, (ulong)Transactions.Length);
        foreach (Hash256 transaction in Transactions)
            bytes.Write(transaction.ToArray());
        return bytes.ToArray();
    }

    public HashingBlob HashingBlob()
    {
        Hash256[] leaves = [CoinbaseTransaction.Hash(Coinbase.Write()), .. Transactions];
        return new HashingBlob(Major, Minor, Timestamp, new Hash256(Previous), TreeHash.Root(leaves), (ulong)leaves.Length);
    }

    public static ulong Varint(BinaryReader reader)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = reader.ReadByte();
            value |= shift < 64 ? (ulong)(b & 0x7f) << shift : 0;
            if (b < 0x80)
                return value;
        }
    }

    public static void Put(Stream stream, ulong value)
    {
        while (value >= 0x80)
        {
            stream.WriteByte((byte)(0x80 | (value & 0x7f)));
            value /= 0x80;
        }
        stream.WriteByte((byte)value);
    }
}

internal sealed record PlainCoinbase(ulong Version, ulong UnlockTime, ulong Height, PlainOutput[] Outputs, byte[] Extra)
{
    public ulong Inputs { get; init; } = 1;

    public byte InputType { get; init; } = 0xff;

    public byte RingCt { get; init; }

    public static PlainCoinbase Read(BinaryReader reader)
    {
        ulong version = PlainBlock.Varint(reader);
        ulong unlockTime = PlainBlock.Varint(reader);
        ulong inputs = PlainBlock.Varint(reader);
        byte inputType = reader.ReadByte();
        ulong height = PlainBlock.Varint(reader);
        var outputs = new PlainOutput[PlainBlock.Varint(reader)];
        for (int i = 0; i < outputs.Length; i++)
        {
            ulong amount = PlainBlock.Varint(reader);
            byte type = reader.ReadByte();
            outputs[i] = new PlainOutput(amount, type, reader.ReadBytes(type == 3 ? 33 : 32));
        }
        byte[] extra = reader.ReadBytes((int)PlainBlock.Varint(reader));
        return new PlainCoinbase(version, unlockTime, height, outputs, extra)
        {
            Inputs = inputs,
            InputType = inputType,
            RingCt = version == 2 ? reader.ReadByte() : (byte)0,
        };
    }

    public byte[] Write()
    {
        var bytes = new MemoryStream();
        PlainBlock.Put(bytes, Version);
        PlainBlock.Put(bytes, UnlockTime);
        PlainBlock.Put(bytes, Inputs);
        bytes.WriteByte(InputType);
        PlainBlock.Put(bytes, Height);
        PlainBlock.Put(bytes, (ulong)Outputs.Length);
        foreach (PlainOutput output in Outputs)
        {
            PlainBlock.Put(bytes, output.Amount);
            bytes.WriteByte(output.Type);
            bytes.Write(output.Key);
        }
        PlainBlock.Put(bytes, (ulong)Extra.Length);
        bytes.Write(Extra);
        if (Version == 2)
            bytes.WriteByte(RingCt);
        return bytes.ToArray();
    }
}

internal sealed record PlainOutput(ulong Amount, byte Type, byte[] Key);
