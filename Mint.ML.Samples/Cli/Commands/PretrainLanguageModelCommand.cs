using System.CommandLine;
using System.Globalization;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Text;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint pretrain-language-model</c>: a small language model of the Flan-T5 architecture, from WordNet and generated captions.</summary>
internal static class PretrainLanguageModelCommand
{
    private const int Widest = 1 << 16, Deepest = 1000; // beyond any model that is trained

    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "Folder for the model", DefaultValueFactory = _ => "runs/language-model" };
        var wordNet = new Option<string>("--wordnet") { Description = "Folder with WordNet's data files", DefaultValueFactory = _ => "/usr/share/wordnet" };
        var vocabulary = new NumberOption<int>("--vocabulary-size") { Description = "Tokens, T5's sentinels included", DefaultValueFactory = _ => 2048 };
        var width = new NumberOption<int>("--hidden-size")
        {
            Description = "Width of the hidden states; the feed-forward has twice that",
            DefaultValueFactory = _ => 128,
        };
        var layers = new NumberOption<int>("--layers") { Description = "Blocks of the encoder, and of the decoder", DefaultValueFactory = _ => 3 };
        var training = new OptionSet<LanguageModelPretrainingOptions>(new LanguageModelPretrainingOptions())
        {
            { "--steps", "Batches to train on", o => o.Steps, (o, value) => o with { Steps = value } },
            { "--batch-size", "Pairs of texts a step", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
            { "--learning-rate", "Highest learning rate of AdamW", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
            { "--input-noise", "Noise on the input embeddings, as a share of their deviation", o => o.InputNoise, (o, value) => o with { InputNoise = value } },
            { "--seed", "Decides the weights drawn, the texts set aside, the pairs and the noise", o => o.Seed, (o, value) => o with { Seed = value } },
            { "--run-folder", "Folder for the log and checkpoints: the same command goes on where it was stopped (default: none)",
                o => o.RunFolder, (o, value) => o with { RunFolder = value } },
        };
        var command = new Command("pretrain-language-model", "Pre-train a small language model of the Flan-T5 architecture on WordNet and generated captions.")
        {
            output, wordNet, vocabulary, width, layers,
        };
        command.Add(training);
        command.SetAction((parse, cancel) =>
        {
            string folder = parse.GetValue(output)!;
            var options = training.Read(parse);
            int d = parse.GetValue(width), heads = Math.Max(1, d / 32);
            OptionErrors.Check(options.Validate, Shape);
            using var held = MadeFolder.Take(folder);
            var progress = new ConsoleLines();
            var senses = WordNet.Read(parse.GetValue(wordNet)!);
            var lessons = new Lessons(senses, options.Seed);
            progress.Report($"{senses.Count:N0} senses; training the tokenizer");
            Stopping.Listen();
            // A model that is there stays whole until this one is.
            var (tokenizer, pieces) = LanguageModelFolder.TrainTokenizer(lessons.Texts(options.Seed), parse.GetValue(vocabulary), cancel);
            using var model = LanguageModelPretraining.Create(new T5Config
            {
                VocabularySize = tokenizer.VocabularySize,
                HiddenSize = d,
                HeadSize = d / heads,
                Heads = heads,
                FeedForwardSize = 2 * d,
                EncoderLayers = parse.GetValue(layers),
                DecoderLayers = parse.GetValue(layers),
                FeedForward = "gated-gelu",
                TieWordEmbeddings = false,
            }, options.Seed);
            LanguageModelPretraining.Run(model, tokenizer, lessons.Draw, options, new TrainingLines("pairs"), cancel);
            if (cancel.IsCancellationRequested)
            {
                MadeFolder.Stopped(folder, options.RunFolder);
                return Task.FromResult(130);
            }
            LanguageModelFolder.WriteModel(model, folder);
            foreach (var (name, bytes) in pieces) AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(bytes));
            // What was written is measured: in float16.
            using var written = T5.Load(folder);
            string card = Card(written, tokenizer, lessons, options);
            AtomicFile.WriteText(Path.Combine(folder, "README.md"), card);
            AtomicFile.WriteText(Path.Combine(folder, "WORDNET-LICENCE"), WordNet.Licence(parse.GetValue(wordNet)!) + "\n");
            Console.WriteLine(card);
            Console.WriteLine($"written: {folder}");
            return Task.FromResult(0);

            void Shape()
            {
                var errors = new OptionErrors();
                errors.Require(d is >= 1 and <= Widest && d % heads == 0,
                    $"--hidden-size is {d}; expected a multiple of its {heads} heads of about 32, at most {Widest}.");
                errors.Require(parse.GetValue(layers) is >= 1 and <= Deepest, $"--layers is {parse.GetValue(layers)}; expected 1 to {Deepest}.");
                errors.Require(parse.GetValue(vocabulary) > LanguageModelFolder.Sentinels,
                    $"--vocabulary-size is {parse.GetValue(vocabulary)}; expected more than the {LanguageModelFolder.Sentinels} sentinels.");
                errors.Throw();
            }
        });
        return command;
    }

    private static string Card(T5 model, ITextTokenizer tokenizer, Lessons lessons, LanguageModelPretrainingOptions options)
    {
        var glosses = LanguageModelPretraining.Measure(model, tokenizer, lessons.HeldOutGlosses, options);
        var captions = LanguageModelPretraining.Measure(model, tokenizer, lessons.HeldOutNotes(InstructionTemplates.Caption, options.Seed), options);
        var families = LanguageModelPretraining.Measure(model, tokenizer, lessons.HeldOutNotes(InstructionTemplates.Sound, options.Seed), options);
        return string.Create(CultureInfo.InvariantCulture, $"""
            # A small language model of the Flan-T5 architecture

            {model.parameters().Sum(weight => weight.numel()):N0} parameters: {model.Config.EncoderLayers} + {model.Config.DecoderLayers} blocks, width {model.Config.HiddenSize}, {tokenizer.VocabularySize} tokens. Made to be frozen in MINT's second
            stage, where it answers instructions about sounds that a Bridge-Net puts before them as embeddings. It knows little else.
            A real Flan-T5 folder takes its place by changing a path.

            ## Data

            - WordNet 3.0, definitions of up to 14 words: span corruption, word to definition, definition to word. Its licence stands in
              WORDNET-LICENCE.
            - Captions and labels generated from lists of words: instruments, families, registers and loudness of single notes; everyday
              sounds; genres; keys. The input is the attribute words in random order among unrelated words, then one of MINT's instructions.
              No caption of any data set was read, and no audio. The captions of the notes set are made by the same grammar: this model
              knows its sentences beforehand, and what it adds to a bridge is how they are worded, not what is heard.

            Set aside by the seed, and measured below: one definition in a hundred, and one combination in ten of instrument, register and loudness.

            ## Command

            ./mint pretrain-language-model --steps {options.Steps} --batch-size {options.BatchSize} --learning-rate {options.LearningRate} --input-noise {options.InputNoise} --seed {options.Seed}

            ## Measured quality (teacher-forced, on what was set aside)

            | task | perplexity of a token | token accuracy | whole answer right |
            | --- | --- | --- | --- |
            | word to definition | {glosses.Perplexity:0.0} | {glosses.TokenAccuracy:0.000} | {glosses.ExactMatch:0.000} |
            | attributes to caption | {captions.Perplexity:0.00} | {captions.TokenAccuracy:0.000} | {captions.ExactMatch:0.000} |
            | attributes to family | {families.Perplexity:0.00} | {families.TokenAccuracy:0.000} | {families.ExactMatch:0.000} |

            A caption has one of six sentence patterns, most with "of" or "from", which the attributes do not tell: between one in twelve and one in
            six can be right as a whole. Register and loudness are said reliably, the family too; of the instruments of one family it mixes up many.

            """);
    }
}
