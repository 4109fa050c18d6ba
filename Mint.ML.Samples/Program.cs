using System.CommandLine;
using Mint.ML.Samples.Commands;

// One file a command: Commands/<Name>Command.cs has a static Create().
var root = new RootCommand("Audio-language models for ML.NET.")
{
    DemoCommand.Create(),
    CaptionCommand.Create(),
    ClassifyCommand.Create(),
    AskCommand.Create(),
    DataCommand.Create(),
    VerifyCommand.Create(),
    InspectCommand.Create(),
    ReportCommand.Create(),
    PretrainCommand.Create(),
    TuneCommand.Create(),
    AblateCommand.Create(),
    PretrainEncoderCommand.Create(),
    PretrainLanguageModelCommand.Create(),
};

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("mint: stopped.");
    return 130;
}
catch (Exception e) when (Environment.GetEnvironmentVariable("MINT_TRACE") is not { Length: > 0 })
{
    // What a user can act on is the message; MINT_TRACE=1 lets the whole exception through.
    Console.Error.WriteLine($"mint: {e.Message}");
    return 1;
}
