using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Samples.Answering;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint ask</c>: one question about each clip.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var (common, generation) = (new AnswerOptions(), new GenerationArguments());
        var question = new Argument<string>("question") { Description = "What is asked, as the model was tuned to be asked" };
        var command = new Command("ask", "Ask one question about each clip of a file, folder or manifest.") { common.Input, question };
        generation.AddTo(command);
        common.AddTo(command);
        command.SetAction((parse, cancel) =>
        {
            string asked = parse.GetValue(question)!;
            if (string.IsNullOrWhiteSpace(asked)) throw new ArgumentException("The question is empty.");
            var options = generation.Read(parse);
            return common.Run(parse, (model, batch) => new TextAnswerer(model, "answer", asked, options, batch), cancel);
        });
        return command;
    }
}
