using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Distributed;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint ask</c>: one question about each clip, or the next one of a conversation.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var (common, generation) = (new AnswerOptions(), AnswerArguments.Generation());
        var question = new Argument<string>("question")
        {
            Description = "What is asked, as the model was tuned to be asked. For APT it may name clips in braces, between texts in any order: {Path}, a "
                + "column of the manifest, or a sound file",
        };
        var with = new Option<string[]>("--with")
        {
            Description = "A sound file that stands after each clip, so that the question is about both; may be given several times. For APT",
        };
        var history = new Option<string?>("--history")
        {
            Description = "File of a conversation (JSON lines: path, question, answer): what it holds about a clip stands before the question, and this turn "
                + "is added to it. For MusiLingo",
        };
        var begin = new Option<string?>("--begin") { Description = "What the answer begins with, and goes on from: Pengi's additional text input" };
        var command = new Command("ask", "Ask one question about each clip of a file, folder or manifest.") { common.Input, question };
        command.Add(generation);
        command.Add(with);
        command.Add(history);
        command.Add(begin);
        common.AddTo(command);
        command.SetRecipeAction((parse, cancel) =>
        {
            string asked = parse.GetValue(question)!;
            string[] more = parse.GetValue(with) ?? [];
            bool several = more.Length > 0 || SequenceTemplate.HasNames(asked);
            IReadOnlyList<ClipSequence> sequences = [];
            TalkFile? talk = null;
            try
            {
                return common.Run(parse, defaults =>
                {
                    var options = generation.Read(parse, defaults.Generation);
                    OptionErrors.Check(options.Validate, () => generation.CheckUsed(parse, options), Words);
                    if (parse.GetValue(history) is { } file) talk = new TalkFile(file);
                    string? begun = parse.GetValue(begin);
                    return (model, batch, clips) => several ? new SequenceTextAnswerer(model, sequences, options, batch)
                        : begun is not null ? new BeginningAnswerer(model, asked, begun, options, batch)
                        : talk is null ? new TextAnswerer(model, "answer", asked, options, batch)
                        : Conversing(talk, model, options, batch, clips);
                }, cancel, several ? Listed : null);
            }
            finally
            {
                talk?.Dispose();
            }

            Answerer Conversing(TalkFile talk, AudioLanguageModel model, GenerationOptions options, int batch, IReadOnlyList<ListedClip> clips)
            {
                model.Continuing([], asked); // a model that holds no conversation says so at its first turn
                var each = talk.About(clips, asked, common.GoesOn(parse)).ToDictionary(clip => clip.Key, clip => model.Continuing(clip.Value, asked));
                try
                {
                    return talk.Keeping(new TextAnswerer(model, "answer", asked, options, batch, each), clips, asked);
                }
                catch (ArgumentException error) when (each.Count > 0)
                {
                    throw new ArgumentException($"With what {parse.GetValue(history)} holds: {error.Message}", error);
                }
            }

            IReadOnlyList<ListedClip> Listed(string input)
            {
                sequences = more.Length > 0 ? ClipSequences.About(ClipList.Read(input, Shared.Report), more, asked)
                    : ClipSequences.Read(new SequenceTemplate(asked), input, Shared.Report);
                return [.. sequences.Select(sequence => sequence.Clip)];
            }

            void Words()
            {
                var errors = new OptionErrors();
                errors.Require(!string.IsNullOrWhiteSpace(asked), "The question is empty.");
                errors.Require(more.Length == 0 || !SequenceTemplate.HasNames(asked), "Give one of --with and a question that names clips in braces.");
                foreach (string file in more) errors.Require(File.Exists(file), $"There is no file '{file}', which --with names.");
                errors.Unused(parse, several, "about several clips", history, begin);
                errors.Require(parse.GetValue(history) is null || parse.GetValue(begin) is null, "Give one of --history and --begin.");
                errors.Require(parse.GetValue(history) is null || Ranks.Started == 1, "--history is kept by one process: leave mpirun out.");
                errors.Require(parse.GetValue(begin) is not { } begun || !string.IsNullOrWhiteSpace(begun), "--begin is empty.");
                errors.Throw();
            }
        });
        return command;
    }
}
