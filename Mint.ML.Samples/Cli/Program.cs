using System.CommandLine;
using System.Runtime.InteropServices;
using Mint.ML.Native;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms;

// One file a command: Commands/<Name>Command.cs has a static Create().
var root = new RootCommand("Audio-language models for ML.NET.")
{
    DemoCommand.Create(),
    CaptionCommand.Create(),
    ClassifyCommand.Create(),
    AskCommand.Create(),
    EvaluateCommand.Create(),
    SearchCommand.Create(),
    DataCommand.Create(),
    InspectCommand.Create(),
    ReportCommand.Create(),
    PretrainCommand.Create(),
    TuneCommand.Create(),
    AblateCommand.Create(),
    PlanCommand.Create(),
    PretrainEncoderCommand.Create(),
    PretrainLanguageModelCommand.Create(),
    ScenarioCommand.Create(),
    DoctorCommand.Create(),
};
string[] withoutTensors = ["doctor", "report", "data"];

// Ctrl-C asks a command to stop where it can go on; the second one ends the process. (System.CommandLine would listen only once a command has returned its
// task.)
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var parsed = root.Parse(args);
    // Help and wrong options are answered without libtorch; a command that needs it says at once what is missing.
    if (parsed.Errors.Count == 0 && parsed.Action == parsed.CommandResult.Command.Action && !withoutTensors.Contains(args[0])) NativeLibraries.Require();
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, stop.Token);
}
catch (Exception e) when (e.Cause() is OperationCanceledException)
{
    StandardError.Report("mint: stopped.");
    return 130;
}
catch (Exception e) when (Environment.GetEnvironmentVariable("MINT_TRACE") is not { Length: > 0 })
{
    // What a user can act on is the message; MINT_TRACE=1 lets the whole exception through.
    StandardError.Report($"mint: {e.Cause().Message}");
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
