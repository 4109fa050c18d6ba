using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint search</c>: an index of clips by stage 1's embeddings, and what in it fits a text or a sound.</summary>
internal static class SearchCommand
{
    public static Command Create() => new("search", "Find clips by a text or a sound.") { Fill(existing: false), Fill(existing: true), Query() };

    private static Argument<string> Index() => new("index") { Description = "The index file; what it was made with stands beside it in a .json" };

    // build and add differ in where the model and the windows come from: the command line, or the index.
    private static Command Fill(bool existing)
    {
        var (index, model, device) = (Index(), new ModelOptions(existing ? "the one the index was made with"
            : Shipped.DefaultModelHelp),
            DeviceOption.Create());
        var input = new Argument<string>("input")
        {
            Description = "A sound file, a folder of them, or a manifest (.csv, .tsv, .jsonl, .ndjson, .json or "
            + ".txt, with a Path column)"
        };
        var storage = EnumOption.Create("--storage", "half, int8 (half as large again, nearly the same ranks) or single", VectorStorage.Half);
        var windowing = AnswerArguments.Windows();
        var listening = AnswerArguments.Hearing();
        var batch = new NumberOption<int>("--batch-size") { Description = "Clips embedded at once", DefaultValueFactory = _ => 16 };
        var onError = new Option<string>("--on-error")
        {
            Description = "What a file that cannot be read does: stop, or skip",
            DefaultValueFactory = _ => "stop",
        };
        onError.AcceptOnlyFromAmong("stop", "skip");
        var command = existing
            ? new Command("add", "Add clips to an index; those it has already are passed over.") { index, input, batch, onError, device }
            : new Command("build", "Make an index of clips; the same command goes on where it was stopped.") { index, input, storage, batch, onError,
                device };
        model.AddTo(command);
        if (!existing)
        {
            command.Add(windowing);
            command.Add(listening);
        }

        command.SetAction((parse, cancel) =>
        {
            string path = parse.GetValue(index)!;
            var (windows, hearing) = existing ? (new(), new()) : (windowing.Read(parse), listening.Read(parse));
            string? named = null;
            OptionErrors.Check(windows.Validate, () => windowing.CheckUsed(parse, windows), Own, () => named = model.Read(parse));
            var clips = ClipList.Read(parse.GetValue(input)!, Shared.Report);
            var stored = existing ? VectorStorage.Half : OptionNames.Parse<VectorStorage>(parse.GetValue(storage)!); // an index that exists keeps its own
            if (existing && !File.Exists(path)) IndexSettings.Read(path); // which says so, before anything is made there
            using var held = Ranks.Present.IsFirst ? FolderLock.TakeFile(path) : null; // from here on what the index has is what it will be added to
            if (existing || File.Exists(path))
            {
                var made = IndexSettings.Read(path);
                made.CheckVersion(path);
                using var same = model.Load(parse, made.CheckedModel(path, named), DeviceOption.Parse(parse.GetValue(device)!));
                if (!existing && (windows.WindowSeconds, windows.Overlap) != (made.WindowSeconds, made.OverlapSeconds))
                {
                    throw new InvalidOperationException($"{path} was made with --window-seconds {made.WindowSeconds} --overlap-seconds "
                        + $"{made.OverlapSeconds}. Name those, another index, or delete this one.");
                }

                if (!existing && hearing != made.Hearing)
                {
                    throw new InvalidOperationException($"{path} was made with --damaged {OptionNames.ForValue(made.Hearing.Damaged)} --short "
                        + $"{OptionNames.ForValue(made.Hearing.Short)}. Name those, another index, or delete this one.");
                }

                if (!existing && parse.Says(storage)) CheckStorage(path, stored);
                windows = new LongAudioOptions { WindowSeconds = made.WindowSeconds, OverlapSeconds = made.OverlapSeconds };
                return Task.FromResult(Add(path, same.Model, clips, windows, made.Hearing, stored, parse.GetValue(batch), parse.GetValue(onError) == "skip",
                    cancel));
            }
            else
            {
                using var loaded = model.Load(parse, named, DeviceOption.Parse(parse.GetValue(device)!));
                Directory.CreateDirectory(IndexSettings.FolderOf(path));
                if (Ranks.Present.IsFirst) IndexSettings.ForModel(path, loaded.Path, windows, hearing).Write(path);
                return Task.FromResult(Add(path, loaded.Model, clips, windows, hearing, stored, parse.GetValue(batch), parse.GetValue(onError) == "skip",
                    cancel));
            }

            void Own()
            {
                if (parse.GetValue(batch) < 1) throw new ArgumentException($"--batch-size is {parse.GetValue(batch)}; at least one clip is embedded at once.");
            }
        });
        return command;
    }

    private static void CheckStorage(string path, VectorStorage asked)
    {
        if (!File.Exists(path)) return; // stopped before its first item
        using var index = EmbeddingIndex.Open(path);
        if (index.Storage == asked) return;
        throw new InvalidOperationException($"{path} was made with --storage {OptionNames.ForValue(index.Storage)}. Name that, another index, or delete this "
            + "one.");
    }

    private static int Add(string path, AudioLanguageModel model, IReadOnlyList<ListedClip> clips, LongAudioOptions windows, HearingOptions hearing,
        VectorStorage storage, int batch, bool skip, CancellationToken cancel)
    {
        string folder = IndexSettings.FolderOf(path);
        int items;
        AnswerResult result;
        ListedClip[] named = [.. clips.Select(clip => clip with { Name = Path.GetRelativePath(folder, clip.File).Replace(Path.DirectorySeparatorChar, '/') })
            .DistinctBy(clip => clip.Name)];
        Stopping.Listen();
        if (SharedIndexOutput.IsNeeded(path))
        {
            using var shared = new SharedIndexOutput(path, storage, model.Comparing().Width, StandardError.Report);
            result = Run(shared.Take, shared);
            items = shared.Count;
        }
        else
        {
            using var output = new IndexOutput(path, storage, model.Comparing().Width, StandardError.Report);
            result = Run(output.Take, output);
            items = output.Count;
        }
        Shared.Report($"{path} has {items} items"); // once they are in their place
        return result.ExitCode;

        AnswerResult Run(Action<string, float[,]> take, AnswerOutput output) =>
            new AnswerRun(new WindowVectors(model, batch, take), windows, batch, skip, StandardError.Report, hearing) { Ranks = Ranks.Present }
                .Run(named, output, cancel);
    }

    private static Command Query()
    {
        var (index, model, device) = (Index(), new ModelOptions("the one the index was made with"), DeviceOption.Create());
        var query = new Argument<string>("query") { Description = "A text, or a sound file" };
        var top = new NumberOption<int>("--top") { Description = "How many are shown", DefaultValueFactory = _ => 10 };
        var rerank = new NumberOption<int>("--rerank")
        {
            Description = "Hears so many of the best again and orders them by the matching head (ALM), which reads text and sound together (default: none)",
        };
        var format = new Option<string>("--format") { Description = "table, jsonl or csv", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "jsonl", "csv");
        var command = new Command("query", "Find the clips of an index that fit a text or a sound best.") { index, query, top, rerank, format, device };
        model.AddTo(command);
        command.SetAction((parse, cancel) =>
        {
            string path = parse.GetValue(index)!, asked = parse.GetValue(query)!;
            bool isSound = File.Exists(asked);
            var errors = new OptionErrors();
            errors.Require(!string.IsNullOrWhiteSpace(asked), "The query is empty; give a text or a sound file.");
            errors.Require(isSound || !ClipList.NamesSound(asked), $"There is no sound file '{asked}'. To search for these words, leave the ending off.");
            errors.Require(!Directory.Exists(asked), $"The query '{asked}' is a folder; give a text or one sound file.");
            errors.Require(!isSound || parse.GetValue(rerank) <= 0,
                "--rerank asks how well a text belongs to a sound; a query that is a sound has none.");
            errors.Require(parse.GetValue(top) >= 1, $"--top is {parse.GetValue(top)}; at least one is shown.");
            errors.Require(parse.GetValue(rerank) >= 0, $"--rerank is {parse.GetValue(rerank)}; 0 means none.");
            string? named = null;
            errors.Gather(() => named = model.Read(parse));
            errors.Throw();
            var settings = IndexSettings.Read(path);
            using var loaded = model.Load(parse, settings.CheckedModel(path, named), DeviceOption.Parse(parse.GetValue(device)!));
            var search = new SoundSearch(path, loaded.Model, settings);
            var found = isSound ? search.BySound(asked, parse.GetValue(top), cancel, StandardError.Report)
                : search.ByText(asked, parse.GetValue(top), parse.GetValue(rerank), cancel);
            Print([.. found], parse.GetValue(format)!);
            return Task.FromResult(0);
        });
        return command;
    }

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static void Print(FoundSound[] found, string format)
    {
        if (format == "csv") Console.WriteLine("rank,path,similarity,match");
        int width = found.Length == 0 ? 0 : found.Max(one => one.Path.Length);
        for (int i = 0; i < found.Length; i++)
        {
            var one = found[i];
            string similarity = one.Similarity.ToString("0.0000", CultureInfo.InvariantCulture),
                match = one.Match?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "";
            Console.WriteLine(format switch
            {
                "jsonl" => JsonSerializer.Serialize(new { Rank = i + 1, one.Path, one.Similarity, one.Match }, Readable),
                "csv" => $"{i + 1},{CsvFormat.Quoted(one.Path)},{similarity},{match}",
                _ => $"{i + 1,4}  {one.Path.ReplaceLineEndings(" ").PadRight(width)}  {similarity}{(match.Length > 0 ? $"  match {match}" : "")}",
            });
        }
    }
}
