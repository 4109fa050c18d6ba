using System.CommandLine;
using Mint.ML.Generation;
using Mint.ML.Answering;
using Mint.ML.Samples.Answering;
using Mint.ML.Text;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint classify</c>: which of some labels fits each clip, none of which the model need have been trained on.</summary>
internal static class ClassifyCommand
{
    public static Command Create()
    {
        var (common, defaults) = (new AnswerOptions(), new LabelOptions());
        var labels = new Option<string>("--labels") { Description = "Labels with commas between them, or a file with one a line", Required = true };
        var instruction = new Option<string>("--instruction", "--prompt") { Description = "What the labels are an answer to; by similarity, what each label's text begins with", DefaultValueFactory = _ => InstructionTemplates.Sound.Instruction };
        var by = new Option<string?>("--by") { Description = "ranking: the language model's likelihood of each label; similarity: stage 1's embeddings (default: ranking, if the model file holds stage 2)" };
        by.AcceptOnlyFromAmong("ranking", "similarity");
        var score = new Option<string?>("--score") { Description = "Of ranking: sum of the tokens' log-likelihoods, mean per token, or pmi (against no sound) (default: sum; pmi with --multi-label)" };
        score.AcceptOnlyFromAmong("sum", "mean", "pmi");
        var top = new Option<int>("--top") { Description = "Labels shown, the likeliest first", DefaultValueFactory = _ => defaults.Top };
        var multi = new Option<bool>("--multi-label") { Description = "Tagging: each label is true or not by itself, and those from --threshold on are shown" };
        var threshold = new Option<double>("--threshold") { Description = "Probability from which --multi-label shows a label", DefaultValueFactory = _ => defaults.Threshold };
        var command = new Command("classify", "Choose among labels for each clip of a file, folder or manifest.") { common.Input, labels, instruction, by, score, top, multi, threshold };
        common.AddTo(command);
        command.SetAction((parse, cancel) =>
        {
            if (parse.GetValue(top) < 1) throw new ArgumentException($"--top is {parse.GetValue(top)}; at least one label is shown.");
            var options = new LabelOptions
            {
                Labels = Read(parse.GetValue(labels)!), Instruction = parse.GetValue(instruction)!, Top = parse.GetValue(top), Threshold = parse.GetValue(threshold),
                Ranking = new RankingOptions { MultiLabel = parse.GetValue(multi), Score = Score(parse.GetValue(score), parse.GetValue(multi)) },
            };
            return common.Run(parse, (model, batch) => new LabelAnswerer(model, options with { BySimilarity = parse.GetValue(by) is { } mode ? mode == "similarity" : model.System is null }, batch), cancel);
        });
        return command;
    }

    // Mutual information needs no fitting to be a probability of its own: see RankingOptions.Slope.
    private static RankingScore Score(string? name, bool multi) => name switch
    {
        "sum" => RankingScore.Sum,
        "mean" => RankingScore.MeanPerToken,
        "pmi" => RankingScore.PointwiseMutualInformation,
        _ => multi ? RankingScore.PointwiseMutualInformation : RankingScore.Sum,
    };

    private static string[] Read(string labels) =>
        (File.Exists(labels) ? File.ReadAllLines(labels) : labels.Split(',')).Select(label => label.Trim()).Where(label => label.Length > 0).ToArray();
}
