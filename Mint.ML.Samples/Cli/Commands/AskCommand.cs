using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint ask</c>: one question about each clip.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var (common, generation) = (new AnswerOptions(), AnswerArguments.Generation());
        var question = new Argument<string>("question") { Description = "What is asked, as the model was tuned to be asked" };
        var command = new Command("ask", "Ask one question about each clip of a file, folder or manifest.") { common.Input, question };
        command.Add(generation);
        common.AddTo(command);
        command.SetRecipeAction((parse, cancel) =>
        {
            string asked = parse.GetValue(question)!;
            return common.Run(parse, defaults =>
            {
                var options = generation.Read(parse, defaults.Generation);
                OptionErrors.Check(options.Validate, () => generation.CheckUsed(parse, options), Words);
                return (model, batch) => new TextAnswerer(model, "answer", asked, options, batch);
            }, cancel);

            void Words()
            {
                if (string.IsNullOrWhiteSpace(asked)) throw new ArgumentException("The question is empty.");
            }
        });
        return command;
    }
}
