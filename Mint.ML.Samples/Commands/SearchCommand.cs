using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Answering;
using Mint.ML.Samples.Searching;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint search</c>: an index of clips by stage 1's embeddings, and what in it fits a text or a sound.</summary>
internal static class SearchCommand
{
    public static Command Create() => new("search", "Find clips by a text or a sound.") { Fill(existing: false), Fill(existing: true), Query() };

    private static Argument<string> Index() => new("index") { Description = "The index file; what it was made with stands beside it in a .json" };

    private static Option<string?> ModelOption(string without) => new("--model") { Description = $"Model file (default: {without})" };

    private static Option<int?> Gpu() => new("--gpu") { Description = "The GPU to run on, from 0 (default: the CPU)" };

    // build and add differ in where the model and the windows come from: the command line, or the index.
    private static Command Fill(bool existing)
    {
        var (index, model, gpu) = (Index(), ModelOption(existing ? "the one the index was made with" : "artifacts/demo/mint.zip, which ./mint demo makes"), Gpu());
        var input = new Argument<string>("input") { Description = "A sound file, a folder of them, or a manifest (CSV or JSON lines with a Path column)" };
        var storage = new Option<VectorStorage>("--storage") { Description = "half, int8 (half as large again, nearly the same ranks) or single", DefaultValueFactory = _ => VectorStorage.Half };
        var window = new Option<double>("--window") { Description = "Seconds of an item; a longer clip becomes several", DefaultValueFactory = _ => new LongAudioOptions().WindowSeconds };
        var overlap = new Option<double>("--overlap") { Description = "Seconds that windows share", DefaultValueFactory = _ => new LongAudioOptions().OverlapSeconds };
        var batch = new Option<int>("--batch") { Description = "Clips embedded at once", DefaultValueFactory = _ => 16 };
        var onError = new Option<string>("--on-error") { Description = "What a file that cannot be read does: stop, or skip", DefaultValueFactory = _ => "stop" };
        onError.AcceptOnlyFromAmong("stop", "skip");
        var command = existing
            ? new Command("add", "Add clips to an index; those it has already are passed over.") { index, input, model, batch, onError, gpu }
            : new Command("build", "Make an index of clips; the same command goes on where it was stopped.") { index, input, model, storage, window, overlap, batch, onError, gpu };
        command.SetAction((parse, cancel) =>
        {
            string path = parse.GetValue(index)!;
            var clips = ClipList.Of(parse.GetValue(input)!, AnswerOptions.Report);
            if (parse.GetValue(batch) < 1) throw new ArgumentException($"--batch is {parse.GetValue(batch)}; at least one clip is embedded at once.");
            if (existing && !File.Exists(path)) IndexSettings.Read(path); // which says so, before anything is made there
            using var held = FolderLock.TakeFile(path); // from here on what the index has is what it will be added to
            if (existing || File.Exists(path))
            {
                var made = IndexSettings.Read(path);
                using var same = ModelFile.Load(made.CheckedModel(path, parse.GetValue(model)), parse.GetValue(gpu));
                var windows = new LongAudioOptions { WindowSeconds = made.WindowSeconds, OverlapSeconds = made.OverlapSeconds };
                if (!existing && (parse.GetValue(window), parse.GetValue(overlap)) != (made.WindowSeconds, made.OverlapSeconds))
                    throw new InvalidOperationException(FormattableString.Invariant($"{path} was made with --window {made.WindowSeconds} --overlap {made.OverlapSeconds}. Name those, another index, or delete this one."));
                return Task.FromResult(Add(path, same, clips, windows, parse.GetValue(storage), parse.GetValue(batch), parse.GetValue(onError) == "skip", cancel));
            }
            else
            {
                var windows = new LongAudioOptions { WindowSeconds = parse.GetValue(window), OverlapSeconds = parse.GetValue(overlap) };
                windows.Validate();
                using var loaded = ModelFile.Load(parse.GetValue(model), parse.GetValue(gpu));
                Directory.CreateDirectory(IndexSettings.FolderOf(path));
                IndexSettings.Of(path, loaded.Path, windows).Write(path);
                return Task.FromResult(Add(path, loaded, clips, windows, parse.GetValue(storage), parse.GetValue(batch), parse.GetValue(onError) == "skip", cancel));
            }
        });
        return command;
    }

    private static int Add(string path, ModelFile model, IReadOnlyList<Clip> clips, LongAudioOptions windows, VectorStorage storage, int batch, bool skip, CancellationToken cancel)
    {
        string folder = IndexSettings.FolderOf(path);
        using var output = new IndexOutput(path, storage, model.NeedBridge("search").Embeddings.Width);
        var answerer = new WindowVectors(model, batch, Mint.ML.Transforms.BridgeNetTransformer.AudioEmbedding, output.Take);
        Clip[] named = [.. clips.Select(clip => clip with { Name = Path.GetRelativePath(folder, clip.File).Replace('\\', '/') }).DistinctBy(clip => clip.Name)];
        var result = new AnswerRun(answerer, windows, batch, skip, AnswerOptions.Report).Run(named, output, cancel);
        AnswerOptions.Report($"{path} has {output.Count} items");
        return result.ExitCode;
    }

    private static Command Query()
    {
        var (index, model, gpu) = (Index(), ModelOption("the one the index was made with"), Gpu());
        var query = new Argument<string>("query") { Description = "A text, or a sound file" };
        var top = new Option<int>("--top") { Description = "How many are shown", DefaultValueFactory = _ => 10 };
        var rerank = new Option<int>("--rerank") { Description = "Hears so many of the best again and orders them by the matching head (ALM), which reads text and sound together (default: none)" };
        var format = new Option<string>("--format") { Description = "table, jsonl or csv", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "jsonl", "csv");
        var command = new Command("query", "Find the clips of an index that fit a text or a sound best.") { index, query, top, rerank, format, model, gpu };
        command.SetAction((parse, cancel) =>
        {
            string path = parse.GetValue(index)!;
            if (parse.GetValue(top) < 1 || parse.GetValue(rerank) < 0) throw new ArgumentException("--top is at least 1 and --rerank at least 0.");
            var settings = IndexSettings.Read(path);
            using var loaded = ModelFile.Load(settings.CheckedModel(path, parse.GetValue(model)), parse.GetValue(gpu));
            var found = new SoundSearch(path, loaded, settings, AnswerOptions.Report, cancel).Find(parse.GetValue(query)!, parse.GetValue(top), parse.GetValue(rerank));
            Print([.. found.Take(parse.GetValue(top))], parse.GetValue(format)!);
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
            string similarity = one.Similarity.ToString("0.0000", CultureInfo.InvariantCulture), match = one.Match?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "";
            Console.WriteLine(format switch
            {
                "jsonl" => JsonSerializer.Serialize(new { Rank = i + 1, one.Path, one.Similarity, one.Match }, Readable),
                "csv" => $"{i + 1},{Csv.Quoted(one.Path)},{similarity},{match}",
                _ => $"{i + 1,4}  {one.Path.PadRight(width)}  {similarity}{(match.Length > 0 ? $"  match {match}" : "")}",
            });
        }
    }
}
