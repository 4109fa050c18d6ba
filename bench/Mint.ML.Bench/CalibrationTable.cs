using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Metrics;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

/// <summary>Whether probabilities mean what they say, on sounds that no training heard: among several lists of names, and of each name by itself.</summary>
/// <param name="model">With labels of its own, ranked by similarity.</param>
/// <param name="clips">Sounds, or notes.</param>
internal sealed class CalibrationTable(AudioLanguageModel model, IReadOnlyList<AudioManifestRow> clips)
{
    // What nobody would call likely is most of all pairs, and right by being left out.
    private const double Likely = 0.05;

    // ESC-10's classes and everyday ones beside them, as people say them.
    private static readonly string[] ten = ["dog", "rain", "sea waves", "crying baby", "clock tick", "sneezing", "helicopter", "chainsaw", "rooster",
        "crackling fire"];

    private static readonly string[] fifty =
    [
        .. ten, "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow", "crickets", "chirping birds", "water drops", "wind", "pouring water",
        "toilet flush", "thunderstorm", "clapping", "breathing", "coughing", "footsteps", "laughing", "brushing teeth", "snoring", "drinking", "door knock",
        "mouse click", "keyboard typing", "door creak", "can opening", "washing machine", "vacuum cleaner", "clock alarm", "glass breaking", "siren",
        "car horn", "engine", "train", "church bells", "airplane", "fireworks", "hand saw",
    ];

    private static readonly string[] families = ["string", "brass", "reed", "guitar", "keyboard"];

    private static readonly string[][] calledFamilies =
    [
        families, ["strings", "brass", "woodwind", "guitar", "piano"],
        ["string instrument", "brass instrument", "reed instrument", "guitar", "keyboard instrument"],
        ["bowed strings", "brass section", "woodwinds", "plucked strings", "piano"],
    ];

    private readonly IReadOnlyList<float[,]> vectors = [.. clips.Select(clip => model.Embed(clip.Path))];

    private readonly Lazy<double[]> familiarity = new(() => [.. clips.Select(clip => model.Familiarity(model.Hear(clip.Path)))]);

    /// <summary>Its lines.</summary>
    public IEnumerable<string> Lines()
    {
        yield return "| names | asked | accuracy | mean probability | ECE | by chance, where all is exactly right | without chance |";
        yield return "| --- | --- | --- | --- | --- | --- | --- |";
        if (clips[0].Find("Family") is not null)
        {
            foreach (string[] named in calledFamilies)
            {
                yield return Among(string.Join(", ", named), named,
                    row => families.Zip(named).Where(pair => pair.First == row["Family"]).Select(pair => pair.Second));
            }
            string[] all = [.. clips.Select(Family).Distinct().Order(StringComparer.Ordinal)];
            if (all.Length > families.Length) yield return Among($"NSynth's {all.Length} families", all, row => [Family(row)]);
            yield break;
        }
        var own = model.Defaults.Labels;
        yield return Among($"its own {own.Count}", own, Names);
        yield return Among("... of these the answers that are given", own, Names, given: true);
        yield return Among("50 everyday ones", fifty, Names);
        yield return Among("ESC-10's ten", ten, Names);
        // By the temperature of stage 1 alone, as captions and "Is there ...?" have it.
        double[,] likely = Probabilities(own, new());
        var pairs = clips.Index().SelectMany(clip => own.Index().Select(name => (Sure: likely[clip.Index, name.Index],
            Right: Names(clip.Item).Contains(name.Item)))).ToList();
        yield return Line("each of its own by itself", [.. pairs.Select(pair => pair.Sure)], [.. pairs.Select(pair => pair.Right)]);
        var some = pairs.Where(pair => pair.Sure >= Likely).ToList();
        yield return Line($"... of these from {Likely:F2} on", [.. some.Select(pair => pair.Sure)], [.. some.Select(pair => pair.Right)]);
        yield return "";
        foreach (string line in Unknown(own)) yield return line;
    }

    private static string Family(AudioManifestRow row) => row["Family"].Replace('_', ' ');

    private static string[] Names(AudioManifestRow row) => row.Find("Names") is { Length: > 0 } names ? names.Split(';') : [];

    // Clips of which one of the labels is right: of others nobody knows what is.
    private string Among(string title, IReadOnlyList<string> labels, Func<AudioManifestRow, IEnumerable<string>> right, bool given = false)
    {
        var answers = Answers(labels).Where(answer => right(answer.Clip).Any(labels.Contains) && (!given || answer.Given)).ToList();
        return answers.Count == 0 ? $"| {title} | 0 | | | | | |" : Line(title, [.. answers.Select(answer => answer.Probability)],
            [.. answers.Select(answer => right(answer.Clip).Contains(answer.Label))]);
    }

    private IEnumerable<string> Unknown(IReadOnlyList<string> own)
    {
        var (likely, familiar) = (model.Defaults.Ranking.UnknownBelow, model.Defaults.Ranking.UnfamiliarBelow);
        yield return string.Create(CultureInfo.InvariantCulture, $"| unknown below {likely:F3}, unfamiliar below {familiar:F3}, among its own names "
            + $"| clips | answered | right, of these |");
        yield return "| --- | --- | --- | --- |";
        var answers = Answers(own).Select(answer => (answer.Given, Names: Names(answer.Clip), answer.Label)).ToList();
        foreach (var (title, some) in new[] { ("the teacher is sure of one", answers.Where(one => one.Names.Intersect(own).Any()).ToList()),
            ("the teacher is sure of none", answers.Where(one => !one.Names.Intersect(own).Any()).ToList()) })
        {
            var given = some.Where(one => one.Given).ToList();
            yield return string.Create(CultureInfo.InvariantCulture, $"| {title} | {some.Count} | {given.Count / (double)Math.Max(1, some.Count):F3} | "
                + $"{(given.Count == 0 ? "" : $"{given.Average(one => one.Names.Contains(one.Label) ? 1.0 : 0):F3}")} |");
        }
    }

    // Of each clip the likeliest label, and whether the model says it.
    private IEnumerable<(AudioManifestRow Clip, string Label, double Probability, bool Given)> Answers(IReadOnlyList<string> labels)
    {
        double[,] likely = Probabilities(labels, model.Defaults.Ranking);
        return clips.Select((clip, row) =>
        {
            var (label, probability) = labels.Select((label, i) => (label, likely[row, i])).MaxBy(pair => pair.Item2);
            return (clip, label, probability, model.Defaults.Ranking.IsKnown(probability, Familiarity(row)));
        });
    }

    // A model that is not calibrated asks for none, and its encoder may have none.
    private double? Familiarity(int row) => model.Defaults.Ranking.UnfamiliarBelow == 0 ? null : familiarity.Value[row];

    private double[,] Probabilities(IReadOnlyList<string> labels, RankingOptions options)
    {
        var embeddings = model.Comparing();
        string[] said = [.. labels.Select(label => $"{model.Defaults.LabelInstruction} {label}".Trim())];
        float[,] near = BridgeEmbeddings.Similarities(vectors, embeddings.Texts(said));
        var scores = new double[clips.Count, labels.Count];
        for (int clip = 0; clip < clips.Count; clip++)
            for (int label = 0; label < labels.Count; label++) scores[clip, label] = near[clip, label] / embeddings.Temperature;
        return VocabularyRanking.Probabilities(scores, options);
    }

    private static string Line(string title, double[] sure, bool[] right) => string.Create(CultureInfo.InvariantCulture,
        $"| {title} | {sure.Length} | {right.Average(one => one ? 1.0 : 0):F3} | {sure.Average():F3} | "
        + $"{ClassificationMetrics.ExpectedCalibrationError(right, sure):F3} | {ClassificationMetrics.CalibrationErrorByChance(sure):F3} | "
        + $"{ClassificationMetrics.DebiasedCalibrationError(right, sure):F3} |");
}
