using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint caption</c>: a sentence about each clip.</summary>
internal static class CaptionCommand
{
    public static Command Create()
    {
        var (common, generation) = (new AnswerOptions(), AnswerArguments.Generation());
        var instruction = new Option<string?>("--instruction")
        {
            Description = "What is asked about each clip (default: what the model file's caption step asks)",
        };
        var command = new Command("caption", "Write a caption for each clip of a file, folder or manifest.") { common.Input, instruction };
        command.Add(generation);
        common.AddTo(command);
        command.SetRecipeAction((parse, cancel) =>
        {
            return common.Run(parse, defaults =>
            {
                var options = generation.Read(parse, defaults.Generation);
                OptionErrors.Check(options.Validate, () => generation.CheckUsed(parse, options));
                string asked = parse.GetValue(instruction) ?? defaults.CaptionInstruction;
                return (model, batch, _) => new TextAnswerer(model, "caption", asked, options, batch);
            }, cancel);
        });
        return command;
    }
}
