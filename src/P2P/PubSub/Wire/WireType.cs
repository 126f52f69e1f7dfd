namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>How a protobuf field is encoded (protobuf.dev, "Encoding"). Groups, 3 and 4, are not accepted.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
