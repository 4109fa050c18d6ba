using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>The trainings of Pengi and MusiLingo, run as programs run them, against tests/fixtures/reference/training_steps.py: losses before four steps,
/// gradients of the first, parameters after three.</summary>
internal static class SystemTraining
{
    internal static readonly TrainingOptions Three =
        new() { Epochs = 3, BatchSize = 2, LearningRate = 1e-3, WarmUpSteps = 0, Schedule = LearningRateSchedule.Constant, MaxTokens = 40 };

    public static void PengiSteps(Fixture fixture)
    {
        string folder = Path.Combine(fixture.Path, "..", "pengi");
        var reference = Safetensors.ReadAll(Path.Combine(folder, "io.safetensors"));
        var questions = new IdTexts(99, Rows(reference["text_input_ids"], reference["text_attention_mask"]));
        var answers = new IdTexts(97, [Ids(fixture["answer_0"])[..^1], Ids(fixture["answer_1"])[..^1]]); // the end is the training's own
        Steps("frozen", reference["audio_embed"].unsqueeze(1));    // (2, 1, E): what HTS-AT has made
        Steps("whole", reference["logmel"].squeeze(1));            // (2, T, mel bins)
        ClapSteps();

        void Steps(string kind, Tensor frames)
        {
            var mix = Mix("0", "1");
            foreach (int epochs in (int[])[1, 3, 4])
            {
                using var pengi = Pengi.Load(folder, fixture.Device);
                pengi.Tokenizers = (questions, answers);
                var losses = new Losses();
                using var run = new KeptRun(Three with { Epochs = epochs, WeightDecay = 0 });
                PengiTraining.Run(pengi, new FrameTable([.. frames.unbind(0)]), mix, run.Options, progress: losses);
                using var checkpoint = CheckpointFolder.Open(folder);
                var named = pengi.Parts.SelectMany(part => WeightLoader.Compare(part.Module, checkpoint, part.Names).Matched)
                    .ToDictionary(pair => pair.Name, pair => pair.Tensor);
                Compare(fixture, kind, epochs, losses, named, run.Gradients(PengiTraining.Trained(pengi, hears: kind == "whole")));
            }
        }

        // The CLAP step of both encoders: captions are texts that CLIP reads.
        void ClapSteps()
        {
            var frames = reference["logmel"].squeeze(1);
            foreach (int epochs in (int[])[1, 3, 4])
            {
                using var pengi = Pengi.Load(folder, fixture.Device);
                pengi.Tokenizers = (questions, answers);
                var losses = new Losses();
                using var run = new KeptRun(Three with { Epochs = epochs, WeightDecay = 0 });
                ClapTraining.Run(pengi, new FrameTable([.. frames.unbind(0)]), Mix("", ""), run.Options, progress: losses);
                using var checkpoint = CheckpointFolder.Open(folder);
                var named = pengi.Parts.SelectMany(part => WeightLoader.Compare(part.Module, checkpoint, part.Names).Matched)
                    .ToDictionary(pair => pair.Name, pair => pair.Tensor);
                var scale = new TorchSharp.Modules.Parameter(run.State("weights.logit_scale").clone());
                named["logit_scale"] = scale;
                Compare(fixture, "clap", epochs, losses, named, run.Gradients([.. pengi.Audio.Trained.Select(pair => ("audio." + pair.name, pair.parameter)),
                    .. pengi.Text.Trained.Select(pair => ("text." + pair.name, pair.parameter)), ("logit_scale", scale)]));
            }
        }
    }

    public static void MusiLingoSteps(Fixture fixture)
    {
        string folder = Path.Combine(fixture.Path, "..", "musilingo");
        var hidden = Safetensors.ReadAll(Path.Combine(folder, "io.safetensors"))["hidden_states"]; // (3, 2, T, d)
        var texts = new IdTexts(101, []);
        for (int row = 0; row < 2; row++)
        {
            texts.Add(MusiLingo.Before($"{row}"), Ids(fixture[$"before_{row}"]));
            texts.Add(MusiLingo.After($"{row}"), Ids(fixture[$"after_{row}"]));
            texts.Add($"{row}", Ids(fixture[$"answer_{row}"])[..^1]);
        }
        Steps("mean", 0, "0", "1", rows => rows.mean([0]));
        Steps("weighted", 2, "0", "1", SideBySide);
        Steps("captions", 2, "", "", SideBySide);

        static Tensor SideBySide(Tensor layers) => cat([layers[1], layers[2]], -1);

        void Steps(string kind, long layers, string first, string second, Func<Tensor, Tensor> heard)
        {
            var frames = new FrameTable([heard(hidden.select(1, 0)), heard(hidden.select(1, 1).narrow(1, 0, 100))]);
            foreach (int epochs in (int[])[1, 3, 4])
            {
                using var loaded = MusiLingo.Load(folder, device: fixture.Device);
                var adapter = new TemporalMeanAdapter(loaded.Adapter.Inputs, loaded.LanguageModel.HiddenSize, loaded.Adapter.Window, layers)
                    .Placed(null, fixture.Device);
                using (no_grad())
                {
                    foreach (var (name, parameter) in loaded.Adapter.named_parameters())
                        adapter.named_parameters().Single(pair => pair.name == name).parameter.copy_(parameter);
                }
                var system = new MusiLingo(null, adapter, loaded.LanguageModel, "", texts);
                var losses = new Losses();
                using var run = new KeptRun(Three with { Epochs = epochs });
                MusiLingoTraining.Run(system, frames, Mix(first, second), run.Options, progress: losses);
                var trained = adapter.named_parameters().ToList();
                Compare(fixture, kind, epochs, losses, trained.ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter), run.Gradients(trained));
            }
        }
    }

    internal static void Compare(Fixture fixture, string kind, int epochs, Losses losses, Dictionary<string, Tensor> named,
        Dictionary<IntPtr, Tensor> gradients)
    {
        string of = kind.Length > 0 ? kind + "." : "";
        if (epochs == 4) fixture.Close($"{of}losses", tensor(losses.Totals.ToArray()));
        string prefix = epochs switch { 1 => $"{of}grad.", 3 => $"{of}step3.", _ => "" };
        foreach (string name in fixture.Names.Where(name => prefix.Length > 0 && name.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
        {
            if (name.EndsWith("attention.self.key.bias", StringComparison.Ordinal))
            {
                fixture.Leave(name, "its gradient is zero but for rounding: what is added to every key changes no softmax");
                continue;
            }
            var own = named[name[prefix.Length..]];
            fixture.Close(name, epochs == 1 ? gradients[own.Handle] : own.detach());
        }
    }

    private static InstructionMix Mix(string first, string second) =>
        new([new InstructionSource([new InstructionExample(0, first, "0"), new InstructionExample(1, second, "1")])]);

    internal static int[] Ids(Tensor ids) => [.. ids.cpu().data<long>().ToArray().Select(id => (int)id)];

    private static int[][] Rows(Tensor ids, Tensor mask) => [.. Enumerable.Range(0, (int)ids.shape[0]).Select(row =>
        Ids(ids[row].narrow(0, 0, mask[row].sum().item<long>()).contiguous()))];

    /// <summary>A run whose last checkpoint is read: a step frees its gradients, and of the first, AdamW's first mean is a tenth.</summary>
    internal sealed class KeptRun : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("mint-steps-").FullName;

        public KeptRun(TrainingOptions options) => Options = options with { RunFolder = folder };

        public TrainingOptions Options { get; }

        /// <summary>A tensor of the last checkpoint.</summary>
        public Tensor State(string name) => Safetensors.ReadAll(Directory.EnumerateFiles(folder, "step-*.safetensors").Max()!)[name];

        /// <summary>The gradients of a run of one step, by their parameters' handles.</summary>
        public Dictionary<IntPtr, Tensor> Gradients(IReadOnlyList<(string name, TorchSharp.Modules.Parameter parameter)> trained)
        {
            var state = Safetensors.ReadAll(Directory.EnumerateFiles(folder, "step-*.safetensors").Max()!);
            using var tenth = tensor(0.1f);
            return trained.ToDictionary(pair => pair.parameter.Handle, pair => state["exp_avg." + pair.name] / tenth);
        }

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }

    internal sealed class Losses : IProgress<TrainingProgress>
    {
        public List<float> Totals { get; } = [];

        public void Report(TrainingProgress value) => Totals.Add((float)value.Losses["total"]);
    }

    /// <summary>Texts that stand for the ids of a fixture: "0" for the first row's, "" for none.</summary>
    internal sealed class IdTexts : ITextTokenizer
    {
        private readonly Dictionary<string, int[]> known = new() { [""] = [] };

        public IdTexts(int size, IReadOnlyList<int[]> rows)
        {
            VocabularySize = size;
            for (int row = 0; row < rows.Count; row++) Add($"{row}", rows[row]);
        }

        public void Add(string text, int[] ids) => known[text] = ids;

        public int VocabularySize { get; }
        public int? PadTokenId => 1;
        public int? EosTokenId => 4; // [SEP] and [CLS] of an aligner; the fixtures' ids hold them already
        public int? BosTokenId => 3;
        public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue) => known[text];
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue)
        {
            int longest = texts.Max(text => known[text].Length);
            var (ids, mask) = (new long[texts.Count, longest], new bool[texts.Count, longest]);
            for (int row = 0; row < texts.Count; row++)
                for (int i = 0; i < known[texts[row]].Length; i++) (ids[row, i], mask[row, i]) = (known[texts[row]][i], true);
            return new TokenBatch(ids, mask);
        }

        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => throw new NotSupportedException();
        public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
        public int? TokenToId(string token) => null;
    }
}
