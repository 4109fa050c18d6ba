using System.Text.Json;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;

namespace Mint.ML.Systems;

/// <summary>
/// The options of the steps of a model file that matter without ML.NET, by the names that <c>Model.Save</c> gives them. All names are here, so that one
/// that is not is refused and nothing that a later version was told is passed over. What names columns, or is for rows, is not looked at.
/// </summary>
internal static class SavedSteps
{
    public const string Encoder = "MintAudioFeaturizer", Bridge = "MintBridgeNet", Tuned = "MintInstructionTuned", Caption = "MintCaptionGenerator",
        Ranking = "MintRankedClassifier";

    /// <summary>The options of every step of a kind, in the order of the chain.</summary>
    /// <exception cref="FormatException">An option is unknown, or has a value of another type; the message names it.</exception>
    public static IReadOnlyList<T> All<T>(ModelZip zip, string step) =>
        [.. zip.Places(step + ".json").Select(place => zip.Read(place).Json<T>(step + ".json"))];

    internal sealed record EncoderOptions(JsonElement OutputColumnName = default, JsonElement InputColumnName = default, JsonElement BatchSize = default,
        JsonElement Pooling = default, JsonElement Short = default, JsonElement OnError = default);

    internal sealed record BridgeOptions(JsonElement FeatureColumnName = default, JsonElement TextColumnName = default, JsonElement BatchSize = default);

    internal sealed record TunedOptions(JsonElement FeatureColumnName = default, JsonElement InstructionColumnName = default,
        JsonElement OutputColumnName = default, JsonElement BatchSize = default, GenerationOptions? Generation = null);

    internal sealed record CaptionOptions(JsonElement OutputColumnName = default, JsonElement FeatureColumnName = default, string? Instruction = null,
        JsonElement InstructionColumnName = default, GenerationOptions? Generation = null, JsonElement BatchSize = default);

    internal sealed record RankingStepOptions(JsonElement OutputColumnName = default, JsonElement ScoreColumnName = default,
        JsonElement FeatureColumnName = default, IReadOnlyList<string>? Labels = null, string? Instruction = null, RankingOptions? Ranking = null,
        double? Threshold = null, bool? BySimilarity = null, JsonElement BatchSize = default);
}
