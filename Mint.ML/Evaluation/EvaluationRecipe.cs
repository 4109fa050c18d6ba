using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Text;

namespace Mint.ML.Evaluation;

/// <summary>What a model is measured on, and how: a file of a dozen lines. The paper's tables are such files under recipes/.</summary>
public sealed record EvaluationRecipe
{
    /// <summary>What tables call it.</summary>
    public string Name { get; init; } = "";

    /// <summary>classification (one label is true), tagging (several are), captioning, retrieval (a caption searches for its clip), or answering (questions
    /// that the manifest asks).</summary>
    public string Task { get; init; } = "";

    /// <summary>The clips, relative to the recipe: CSV or JSON lines. Rows of the same Path are one clip with several references.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>The manifest's columns with the label, the labels (semicolons between them) or the captions.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Of tagging, where not every label was judged of every clip (OpenMIC): the column with the labels that are known to be false.</summary>
    public string? NegativeColumn { get; init; }

    /// <summary>The labels to choose from; those that the manifest has when empty.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What the model is asked. Of answering, <c>{question}</c> is filled in; only that when nothing is said.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>Of answering: the manifest's column with the questions. Rows of the same Path and question are one item with several references.</summary>
    public string QuestionColumn { get; init; } = "Question";

    /// <summary>Of labels: the text that is compared, in which <c>{label}</c> is filled in ("pitch {label}").</summary>
    public string LabelText { get; init; } = Label;

    /// <summary>How labels are compared: ranking, by the language model; or similarity, by stage 1 alone.</summary>
    public string By { get; init; } = "ranking";

    /// <summary>How labels are ranked; whether several are true follows from the task.</summary>
    public RankingOptions Ranking { get; init; } = new();

    /// <summary>How captions are searched for.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>How long clips are heard.</summary>
    public LongAudioOptions LongAudio { get; init; } = new();

    /// <summary>What becomes of sound that is damaged or too short.</summary>
    public HearingOptions Hearing { get; init; } = new();

    /// <summary>The metrics that are wanted; all of the task when empty.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>What the paper reports, by metric, in the metric's own unit.</summary>
    public IReadOnlyDictionary<string, double> Paper { get; init; } = new Dictionary<string, double>();

    /// <summary>Of few-shot: classes of an episode.</summary>
    public int Ways { get; init; } = 5;

    /// <summary>Of few-shot: labelled clips of each class.</summary>
    public int Shots { get; init; } = 5;

    /// <summary>Of few-shot: how many episodes are drawn.</summary>
    public int Episodes { get; init; } = 1000;

    /// <summary>Of few-shot: draws the episodes.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>For readers of the file.</summary>
    public string Comment { get; init; } = "";

    private const string Label = "{label}", Question = "{question}";

    private static readonly string[] Tasks = ["classification", "tagging", "captioning", "retrieval", "answering", .. AptRun.Tasks];

    /// <summary>The texts of labels that are compared.</summary>
    internal string[] Texts(IEnumerable<string> labels) => [.. labels.Select(label => LabelText.Replace(Label, label, StringComparison.Ordinal))];

    /// <summary>What is asked of answering, for a question of the manifest.</summary>
    internal string Asked(string question) => Instruction.Replace(Question, question, StringComparison.Ordinal);

    /// <summary>Reads a recipe: JSON, whose keys are the properties in lower case with dashes.</summary>
    /// <param name="file">The file; its <see cref="Manifest"/> is relative to it.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no recipe; the message names the file and the key.</exception>
    public static EvaluationRecipe Read(string file)
    {
        var recipe = OptionFile.Read<EvaluationRecipe>(file);
        if (recipe.Name.Length == 0) recipe = recipe with { Name = Path.GetFileNameWithoutExtension(file) };
        return recipe.Checked(file) with { Manifest = Path.GetFullPath(recipe.Manifest, Path.GetDirectoryName(Path.GetFullPath(file))!) };
    }

    private EvaluationRecipe Checked(string file)
    {
        var errors = new OptionErrors();
        errors.Require(Tasks.Contains(Task), $"'task' is '{Task}'; expected one of {string.Join(", ", Tasks)}.");
        errors.Require(By is "ranking" or "similarity", $"'by' is '{By}'; expected ranking or similarity.");
        errors.Require(Manifest.Length > 0, "'manifest' is missing: a CSV or JSON-lines file, relative to the recipe.");
        errors.Require(Columns.Count > 0 || Task is "reasoning" or "detection" or "counting",
            "'columns' is missing: the manifest's columns that hold what is right.");
        errors.Require(Columns.Distinct().Count() == Columns.Count, $"'columns' has a column twice: {Brief.List(Columns)}.");
        errors.Require(Task is not ("classification" or "tagging") || Columns.Count <= 1, $"'columns' has {Columns.Count}; {Task} reads one.");
        errors.Require(Task != "few-shot" || Columns.Count == 1, "'columns' of few-shot is one column: the label's.");
        errors.Require(Ways >= 2 && Shots >= 1 && Episodes >= 1, $"'ways' is {Ways}, 'shots' {Shots}, 'episodes' {Episodes}; expected at least 2, 1 and 1.");
        errors.Require(NegativeColumn is null || Task == "tagging", "'negative-column' is for tagging.");
        bool chooses = Task is "classification" or "tagging";
        errors.Require(Labels.Count == 0 || chooses, "'labels' are for classification and tagging.");
        errors.Require(By == "ranking" || chooses, "'by' is for classification and tagging.");
        errors.Require(Ranking == new RankingOptions() || chooses, "'ranking' is for classification and tagging.");
        errors.Require(By != "similarity" || Ranking.Score == default, "'ranking.score' says nothing where 'by' is similarity.");
        errors.Require(Generation == new GenerationOptions() || Task is "captioning" or "answering", "'generation' is for captioning and answering.");
        errors.Require(Instruction.Length == 0 || Task != "retrieval", "'instruction' says nothing in retrieval, which compares captions with clips.");
        errors.Require(!Ranking.MultiLabel, "'ranking.multi-label' follows from the task: tagging.");
        errors.Require(LabelText.Contains(Label, StringComparison.Ordinal), $"'label-text' is '{LabelText}'; it holds {Label}, which is filled in.");
        errors.Require(LabelText == Label || Task is "classification" or "tagging", "'label-text' is for classification and tagging.");
        errors.Require(Task != "answering" || Instruction.Length == 0 || Instruction.Contains(Question, StringComparison.Ordinal),
            $"'instruction' is '{Instruction}'; of answering it holds {Question}, which is filled in.");
        string[] known = EvaluationScores.NamesFor(Task);
        foreach (string metric in Metrics.Union(Paper.Keys).Where(metric => known.Length > 0 && !known.Contains(metric)))
            errors.Require(false, $"'{metric}' is no metric of {Task}, which has: {string.Join(", ", known)}.");
        if (Labels.Count > 0) errors.Gather(() => RankingOptions.CheckLabels(Labels));
        foreach (Action check in (Action[])[Ranking.Validate, Generation.Validate, LongAudio.Validate]) errors.Gather(check);
        try
        {
            errors.Throw();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{file}: {error.Message}", error);
        }
        return Instruction.Length > 0 ? this : this with
        {
            Instruction = Task switch
            {
                "captioning" => InstructionTemplates.Caption.Instruction,
                "tagging" => InstructionTemplates.Instruments.Instruction,
                "answering" => Question,
                _ => InstructionTemplates.Sound.Instruction
            },
        };
    }
}
