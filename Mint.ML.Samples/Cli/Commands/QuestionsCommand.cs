using System.CommandLine;
using Mint.ML.ExtensionsAI;
using Mint.ML.Samples.Making.Questions;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint data questions</c>: questions and answers of captions, by a chat model (MusiLingo's MusicInstruct).</summary>
internal static class QuestionsCommand
{
    public static Command Create()
    {
        var manifest = new Argument<string>("manifest") { Description = "Clips and their captions" };
        var output = new Argument<string>("output") { Description = "The manifest to write (JSON lines: Path, Instruction, Response)" };
        var column = new Option<string>("--column") { Description = "Column of the captions", DefaultValueFactory = _ => "Caption" };
        var prompts = new Option<string>("--prompts")
        {
            Description = "Folder with task.txt, examples.txt, query.txt and check.txt",
            DefaultValueFactory = _ => Checkout.Default("recipes/musilingo/questions-short"),
        };
        var endpoint = new Option<string>("--endpoint")
        {
            Description = "Where the chat model answers: https://HOST/v1, to which /chat/completions is added",
            Required = true,
        };
        var model = new Option<string>("--chat-model") { Description = "The chat model's name there", Required = true };
        var command = new Command("questions", "Make questions and answers of captions by a chat model, which also checks them; the same command goes on "
            + $"where it was stopped. The endpoint's key is taken from {HttpChatClient.KeyVariable}.") { manifest, output, column, prompts, endpoint, model };
        command.SetAction(async (parse, cancel) =>
        {
            var said = QuestionPrompts.Read(parse.GetValue(prompts)!);
            if (!Uri.TryCreate(parse.GetValue(endpoint), UriKind.Absolute, out var place))
                throw new ArgumentException($"--endpoint is '{parse.GetValue(endpoint)}'; it is an address like https://HOST/v1.");
            string? key = Environment.GetEnvironmentVariable(HttpChatClient.KeyVariable);
            using var client = new HttpChatClient(place, parse.GetValue(model)!, key);
            Stopping.Listen();
            var report = await new QuestionBuilder(client, said).BuildAsync(parse.GetValue(manifest)!, parse.GetValue(column)!, parse.GetValue(output)!,
                new Count(), cancel);
            Console.WriteLine($"{report.Kept} pairs of {report.Captions} captions; left out: {report.Untrue} that are not true to their caption, "
                + $"{report.Outliers} outliers; {report.Unread} replies held none");
            return 0;
        });
        return command;
    }

    private sealed class Count : IProgress<int>
    {
        public void Report(int value)
        {
            if (value % 20 == 0) StandardError.Report($"{value} captions");
        }
    }
}
