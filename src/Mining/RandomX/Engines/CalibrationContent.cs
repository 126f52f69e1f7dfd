using System.Text.Json.Serialization;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>What is in a <see cref="CalibrationFile"/>.</summary>
internal sealed record CalibrationContent
{
    /// <summary>See <see cref="CalibrationFile.Version"/>; 0 in files from before there was one.</summary>
    public int Version { get; init; }

    /// <summary>Names of the fastest machines, by circumstances.</summary>
    public Dictionary<string, string> Choices { get; init; } = [];

    /// <summary>CPUs and programs with which the engines were compared, and of how many hashes.</summary>
    public Dictionary<string, string> Compared { get; init; } = [];
}

/// <summary>Reads and writes <see cref="CalibrationContent"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CalibrationContent))]
internal sealed partial class CalibrationJson : JsonSerializerContext;
