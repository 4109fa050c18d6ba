using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Text;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint caption</c>: a sentence about each clip.</summary>
internal static class CaptionCommand
{
    public static Command Create()
    {
        var (common, generation) = (new AnswerOptions(), AnswerArguments.Generation());
        var instruction = new Option<string>("--instruction")
        {
            Description = "What is asked about each clip",
            DefaultValueFactory = _ => InstructionTemplates.CaptionInstruction,
        };
        var command = new Command("caption", "Write a caption for each clip of a file, folder or manifest.") { common.Input, instruction };
        command.Add(generation);
        common.AddTo(command);
        command.SetRecipeAction((parse, cancel) =>
        {
            var options = generation.Read(parse);
            return common.Run(parse, options.Validate, (model, batch) => new TextAnswerer(model, "caption", parse.GetValue(instruction)!, options, batch),
                cancel);
        });
        return command;
    }
}
