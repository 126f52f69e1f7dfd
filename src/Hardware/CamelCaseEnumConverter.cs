using System.Text.Json;
using System.Text.Json.Serialization;

namespace P2PMiner.Hardware;

/// <summary>Writes an enum by its name in camelCase, as all JSON of this program does.</summary>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
