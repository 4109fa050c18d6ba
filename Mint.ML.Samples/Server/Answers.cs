using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Server;

internal sealed record CaptionReply(string Caption, double Seconds, IReadOnlyList<string> Notes);

internal sealed record AnswerReply(string Answer, double Seconds, IReadOnlyList<string> Notes);

internal sealed record LabelsReply(string? Label, IReadOnlyList<LabelProbability> Labels, double Seconds, IReadOnlyList<string> Notes);

internal sealed record SearchReply(IReadOnlyList<FoundSound> Found);

internal sealed record EmbeddingReply(int Width, IReadOnlyList<float[]> Vectors);

/// <summary>What the model does with an upload: each method checks the fields at once, and returns what a worker then computes.</summary>
/// <param name="model">The model; workers share it.</param>
/// <param name="search">The index, where there is one.</param>
/// <param name="options">Limits.</param>
internal sealed class Answers(AudioLanguageModel model, SoundSearch? search, ServerOptions options)
{
    private const int MostLabels = 1000, MostLabelCharacters = 200, MostTextCharacters = 1000, MostFound = 100;

    private readonly AudioReadOptions reading = AudioReadOptions.Default with
    {
        SampleRate = model.Encoder.SampleRate,
        MaxDuration = TimeSpan.FromSeconds(options.MaxSeconds),
    };

    public Func<CancellationToken, CaptionReply> Caption(Upload upload)
    {
        var sound = Sound(upload);
        return cancel =>
        {
            var clip = Heard(sound);
            return new(model.Caption(clip, options.Generation, cancel), Seconds(clip), clip.Notes);
        };
    }

    public Func<CancellationToken, AnswerReply> Answer(Upload upload)
    {
        string question = Text(upload, "question") ?? throw new RequestException(400, "Give 'question': what is asked about the sound.");
        if (model.System is { } system) CheckRead("The question", system.UnreadTokens(question));
        var sound = Sound(upload);
        return cancel =>
        {
            var clip = Heard(sound);
            return new(model.Ask(clip, question, options.Generation, cancel), Seconds(clip), clip.Notes);
        };
    }

    public Func<CancellationToken, LabelsReply> Labels(Upload upload)
    {
        // One value is a list, as on the command line; several are labels as they are, since names may have commas ("Male speech, man speaking").
        IReadOnlyList<string> labels = upload.Values("labels") is [var list] ? list.Split(',', StringSplitOptions.TrimEntries) : upload.Values("labels");
        if (labels.Count == 0) labels = model.Defaults.Labels;
        if (labels.Count > MostLabels) throw new RequestException(400, $"There are {labels.Count} labels; at most {MostLabels} are ranked.");
        if (labels.Any(label => label.Length > MostLabelCharacters))
            throw new RequestException(400, $"A label is longer than {MostLabelCharacters} characters.");
        try
        {
            RankingOptions.CheckLabels(labels);
        }
        catch (ArgumentException error)
        {
            throw new RequestException(400, $"Give 'labels', one with commas between them, or several. {error.Message}");
        }
        var sound = Sound(upload);
        return cancel =>
        {
            var clip = Heard(sound);
            try
            {
                var ranked = model.Rank(clip, labels, cancel: cancel);
                return new(ranked.Answer?.Label, ranked, Seconds(clip), clip.Notes);
            }
            catch (ArgumentException error) // a label is longer than the model reads
            {
                throw new RequestException(400, error.Message);
            }
        };
    }

    public Func<CancellationToken, SearchReply> Search(Upload upload)
    {
        if (search is null) throw new RequestException(404, "This server has no index to search; start it with --index.");
        int top = 10;
        if (upload.Value("top") is { } given && (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out top) || top is < 1 or > MostFound))
            throw new RequestException(400, $"'top' is '{Short(given)}'; 1 to {MostFound} are found.");
        return EitherTextOrSound(upload, (text, cancel) => Found(() => search.ByText(text, top, cancel: cancel)),
            (clip, cancel) => Found(() => search.BySound(clip, top, cancel)));
    }

    // The index is read at each search: it may have been taken away, cut, or made anew by another model since the server began.
    private static SearchReply Found(Func<IReadOnlyList<FoundSound>> search)
    {
        try
        {
            return new(search());
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException
            or ArgumentException and not SoundNotEncodableException)
        {
            throw new RequestException(503, "The index of this server cannot be searched now: it is missing, cut, or of another model.") { RetryAfter = 30 };
        }
    }

    public Func<CancellationToken, EmbeddingReply> Embed(Upload upload)
    {
        int width = model.Embeddings?.Width ?? throw new RequestException(404, "This server's model has no embeddings.");
        return EitherTextOrSound(upload, (text, _) => new EmbeddingReply(width, Rows(model.EmbedText(text))),
            (clip, _) => new EmbeddingReply(width, Rows(model.Embed(clip))));
    }

    private Func<CancellationToken, T> EitherTextOrSound<T>(Upload upload, Func<string, CancellationToken, T> byText,
        Func<AudioClip, CancellationToken, T> bySound)
    {
        string? text = Text(upload, "text");
        if ((text is null) == (upload.Sound is null)) throw new RequestException(400, "Give either 'text' or a sound.");
        if (text is not null && model.Embeddings is { } embeddings) CheckRead("The text", embeddings.UnreadTokens(text));
        return text is not null ? cancel => byText(text, cancel) : cancel => bySound(Heard(upload.Sound!), cancel);
    }

    private static void CheckRead(string what, int unread)
    {
        if (unread > 0) throw new RequestException(400, $"{what} is {unread} tokens longer than the model reads.");
    }

    private static string? Text(Upload upload, string field)
    {
        string? text = upload.Value(field);
        if (text is null) return null;
        if (string.IsNullOrWhiteSpace(text)) throw new RequestException(400, $"'{field}' is empty.");
        return text.Length <= MostTextCharacters ? text
            : throw new RequestException(400, $"'{field}' has {text.Length} characters; at most {MostTextCharacters} are read.");
    }

    private static Stream Sound(Upload upload) =>
        upload.Sound ?? throw new RequestException(400, "Send a sound: as the body, or as a file of multipart/form-data.");

    // Notes say what a listener should know: silence, channels that cancel, a sound that was too short.
    private AudioClip Heard(Stream sound) => model.Encoder.Fit(AudioFile.Read(sound, "The sound", reading));

    private static double Seconds(AudioClip clip) => Math.Round(clip.Duration.TotalSeconds, 3);

    private static float[][] Rows(float[,] vectors) => [.. vectors.Cast<float>().Chunk(vectors.GetLength(1))];

    private static string Short(string text) => text.Length > 40 ? text[..40] + "..." : text;
}
