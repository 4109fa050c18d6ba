using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Contract;

/// <summary>The fixtures' systems with what a whole folder has besides: vocabularies of our own, and ears of the width that they take.</summary>
internal static class SmallSystems
{
    private static readonly Lazy<string> MadePengi = new(MakePengi), MadeMusiLingo = new(MakeMusiLingo), MadeMint = new(MakeMint),
        MadeLlama = new(MakeLlama), MadeApt = new(MakeApt);
    private static readonly Lazy<AudioLanguageSystem> LoadedPengi = new(() => EightClips.Shared.Ml.AudioLanguage().LoadSystem(Pengi)),
        LoadedMusiLingo = new(() => EightClips.Shared.Ml.AudioLanguage().LoadSystem(MusiLingo, embedFrozenModels: true)),
        LoadedApt = new(() => EightClips.Shared.Ml.AudioLanguage().LoadSystem(Apt)),
        LoadedClap = new(() => EightClips.Shared.Ml.AudioLanguage().LoadSystem(SmallClap.Folder));

    public static string Pengi => MadePengi.Value;
    public static string MusiLingo => MadeMusiLingo.Value;
    public static string Mint => MadeMint.Value;
    public static string Llama => MadeLlama.Value;
    public static string Apt => MadeApt.Value;
    public static AudioLanguageSystem TheApt => LoadedApt.Value;
    public static AudioLanguageSystem ThePengi => LoadedPengi.Value;
    public static AudioLanguageSystem TheMusiLingo => LoadedMusiLingo.Value;
    public static AudioLanguageSystem TheClap => LoadedClap.Value;

    // As many words as the fixtures' models have ids, so that whatever they say can be read.
    private static string MakePengi()
    {
        string folder = Copy("pengi");
        Words(Path.Combine(folder, "clip"), 99);
        Words(Path.Combine(folder, "gpt2"), 97);
        return folder;
    }

    private static string MakeMusiLingo()
    {
        string folder = Copy("musilingo");
        Ear(Path.Combine(folder, "mert"), "mert_95m_like", config => new Hubert(HubertConfig.FromJson(config)));
        Words(folder, 101);
        return folder;
    }

    private static string MakeLlama()
    {
        string folder = Copy("llama");
        Words(folder, (int)CheckpointFolder.ReadJson(Path.Combine(folder, "config.json"))["vocab_size"]!);
        return folder;
    }

    private static string MakeApt()
    {
        string folder = Copy("apt");
        Ear(Path.Combine(folder, "encoder"), "data2vec_audio", config => new Data2VecAudio(Data2VecAudioConfig.FromJson(config)));
        Words(Path.Combine(folder, "bert"), 60);
        string llama = Path.Combine(folder, "language-model");
        Directory.CreateDirectory(llama);
        foreach (string file in Directory.GetFiles(Llama)) File.Copy(file, Path.Combine(llama, Path.GetFileName(file)));
        return folder;
    }

    private static string MakeMint()
    {
        string folder = Copy("instructblip_stage2");
        Ear(Path.Combine(folder, "encoder"), "data2vec_audio", config => new Data2VecAudio(Data2VecAudioConfig.FromJson(config)));
        Words(Path.Combine(folder, "t5"), 53);
        Words(Path.Combine(folder, "bert"), 60);
        return folder;
    }

    public static void Words(string folder, int size)
    {
        Directory.CreateDirectory(folder);
        IEnumerable<string> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. "abcdefghijklmnopqrstuv".SelectMany(c => new[] { $"{c}", $"##{c}" }),
            .. Enumerable.Range(0, size).Select(i => $"word{i}")];
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), words.Take(size));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "BertTokenizer", "do_lower_case": true}""");
    }

    /// <summary>The encoder of a fixture, 24 wide, with weights drawn.</summary>
    private static void Ear(string folder, string fixture, Func<JsonObject, SpeechEncoder> make)
    {
        var config = CheckpointFolder.ReadJson(Path.Combine(TinyModels.Repository(), "tests", "fixtures", fixture, "config.json"));
        (config["hidden_size"], config["num_attention_heads"], config["num_conv_pos_embedding_groups"]) = (24, 4, 4);
        config = JsonNode.Parse(config.ToJsonString())!.AsObject();
        using var encoder = make(config);
        using var chance = new Generator(3);
        using (no_grad())
        {
            foreach (var parameter in encoder.parameters()) parameter.copy_(empty(parameter.shape).uniform_(-0.2, 0.2, chance));
        }
        CheckpointWriter.Write(folder, config, encoder.state_dict().Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
    }

    private static string Copy(string fixture)
    {
        string folder = Path.Combine(EightClips.Shared.Folder, fixture), source = Path.Combine(TinyModels.Repository(), "tests", "fixtures", fixture);
        Directory.CreateDirectory(folder);
        foreach (string file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(source, file), Path.Combine(folder, file));
        return folder;
    }
}
