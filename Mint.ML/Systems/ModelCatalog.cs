using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>An architecture that a model folder can be recognised as.</summary>
/// <param name="Name">Its class.</param>
/// <param name="Source">Whose checkpoints fit, and where the architecture comes from.</param>
public sealed record KnownModel(string Name, string Source)
{
    /// <summary>Loads a folder, float32 on the CPU.</summary>
    internal Func<string, IDisposable> Load { get; init; } = folder => throw new NotSupportedException($"{folder}: this architecture has no loader.");

    /// <summary>The <c>model_type</c>s of config.json that name it.</summary>
    internal string[] Types { get; init; } = [];

    /// <summary>Recognises folders whose config.json names another type, or none, by what they hold.</summary>
    internal Func<CheckpointFolder, bool> Holds { get; init; } = _ => false;
}

/// <summary>Finds out what a model folder holds, by its config.json and the names of its tensors, and loads it.</summary>
public static class ModelCatalog
{
    /// <summary>Every architecture, the more particular ones first: a checkpoint that holds another as a part is the whole.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        new("MintModel", "MINT's stage 2 in LAVIS's Blip2T5Instruct layout")
        {
            Load = folder => new Parts(MintModel.LoadLavis(folder)),
            Holds = checkpoint => Begins(checkpoint, "Qformer.") && Begins(checkpoint, "t5_model."),
        },
        new("BridgeNet", "MINT's stage 1 in LAVIS's Blip2Qformer layout")
            { Load = folder => BridgeNet.Load(folder), Holds = checkpoint => Begins(checkpoint, "Qformer.") },
        new("QFormer", "BLIP-2, InstructBLIP, LAVIS")
        {
            Load = folder => QFormer.Load(folder),
            Types = ["blip_2_qformer", "instructblip_qformer", "blip-2", "instructblip"],
            Holds = checkpoint => checkpoint.Names.Any(name => name.Contains(".crossattention.", StringComparison.Ordinal)),
        },
        new("Pengi", "microsoft/Pengi")
            { Load = folder => Pengi.Load(folder), Types = ["pengi"], Holds = checkpoint => Begins(checkpoint, "caption_decoder.") },
        new("MusiLingo", "zihaod/MusiLingo")
            { Load = folder => MusiLingo.Load(folder), Types = ["musilingo"], Holds = checkpoint => Begins(checkpoint, "llama_proj.") || Begins(checkpoint, "model.llama_proj.") },
        new("Bert", "bert-base-uncased and other BERTs") { Load = folder => Bert.Load(folder), Types = ["bert"] },
        new("Data2VecAudio", "facebook/data2vec-audio-*") { Load = folder => Data2VecAudio.Load(folder), Types = ["data2vec-audio"] },
        new("Wav2Vec2", "facebook/wav2vec2-*") { Load = folder => Wav2Vec2.Load(folder), Types = ["wav2vec2"] },
        new("Hubert", "facebook/hubert-*, m-a-p/MERT-v1-*") { Load = folder => Hubert.Load(folder), Types = ["hubert", "mert_model"] },
        new("T5", "t5-*, google/t5-v1_1-*, google/flan-t5-*") { Load = folder => T5.Load(folder), Types = ["t5"] },
        new("Gpt2", "gpt2, gpt2-medium, gpt2-large, gpt2-xl") { Load = folder => Gpt2.Load(folder), Types = ["gpt2"] },
        new("Llama", "meta-llama/Llama-2-*, lmsys/vicuna-* and others of its architecture") { Load = folder => Llama.Load(folder), Types = ["llama"] },
        new("ClipText", "openai/clip-vit-*") { Load = folder => ClipText.Load(folder), Types = ["clip", "clip_text_model"] },
        new("Clap", "laion/clap-htsat-unfused, laion/clap-htsat-fused") { Load = folder => Clap.Load(folder), Types = ["clap"] },
        new("HtsAt", "the audio tower of laion/clap-htsat-*") { Load = folder => HtsAt.Load(folder), Types = ["clap_audio_model"] },
        new("Ast", "MIT/ast-finetuned-*") { Load = folder => Ast.Load(folder), Types = ["audio-spectrogram-transformer"] },
        new("VitMae", "facebook/vit-mae-*") { Load = folder => VitMae.Load(folder), Types = ["vit_mae"] },
        new("AudioMae", "facebookresearch/AudioMAE") { Load = folder => AudioMae.Load(folder), Types = ["audiomae"] },
    ];

    /// <summary>What a checkpoint holds; null when it is nothing known.</summary>
    public static KnownModel? Find(CheckpointFolder checkpoint)
    {
        string? type = checkpoint.Config["model_type"] is { } node && node.GetValueKind() == System.Text.Json.JsonValueKind.String ? node.GetValue<string>() : null;
        return All.FirstOrDefault(model => model.Holds(checkpoint)) ?? All.FirstOrDefault(model => type is not null && model.Types.Contains(type));
    }

    /// <summary>Loads an audio encoder behind its front end, whichever architecture the folder holds.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">The folder holds no audio encoder.</exception>
    public static IAudioEncoder LoadAudioEncoder(string folder, ScalarType? dtype = null, Device? device = null) => FindName(folder) switch
    {
        "Data2VecAudio" => Data2VecAudio.Load(folder, dtype, device),
        "Wav2Vec2" => Wav2Vec2.Load(folder, dtype, device),
        "Hubert" => Hubert.Load(folder, dtype, device),
        "Clap" or "HtsAt" => ClapEncoder.Load(folder, dtype, device),
        "Ast" => AstEncoder.Load(folder, dtype, device),
        "AudioMae" => AudioMaeEncoder.Load(folder, dtype, device),
        var other => throw new NotSupportedException($"{folder}: this holds {other}, which is no audio encoder. Encoders are Data2VecAudio, Wav2Vec2, Hubert (and MERT), CLAP, AST and AudioMAE."),
    };

    /// <summary>Loads a language model, whichever architecture the folder holds. Its weights are frozen.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">The folder holds no language model.</exception>
    public static ILanguageModel LoadLanguageModel(string folder, ScalarType? dtype = null, Device? device = null) => FindName(folder) switch
    {
        "T5" => T5.Load(folder, dtype, device),
        "Gpt2" => Gpt2.Load(folder, dtype, device),
        "Llama" => Llama.Load(folder, dtype, device),
        var other => throw new NotSupportedException($"{folder}: this holds {other}, which is no language model. Language models are T5, GPT-2 and LLaMA."),
    };

    private static string FindName(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        return Find(checkpoint)?.Name ?? $"nothing known (its config.json has model_type {checkpoint.Config["model_type"]?.ToJsonString() ?? "missing"})";
    }

    private static bool Begins(CheckpointFolder checkpoint, string prefix) =>
        checkpoint.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));

    // MintModel leaves its parts to whoever made them.
    private sealed record Parts(MintModel Model) : IDisposable
    {
        public void Dispose()
        {
            Model.Bridge.Dispose();
            Model.Projection.Dispose();
            Model.LanguageModel.Dispose();
        }
    }
}
