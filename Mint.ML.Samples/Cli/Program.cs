using System.CommandLine;
using Mint.ML.Distributed;
using Mint.ML.Native;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Transforms;

// One file a command: Commands/<Name>Command.cs has a static Create().
var root = new RootCommand("Audio-language models for ML.NET.")
{
    DemoCommand.Create(),
    CaptionCommand.Create(),
    ClassifyCommand.Create(),
    AskCommand.Create(),
    InterpretCommand.Create(),
    EvaluateCommand.Create(),
    CalibrateCommand.Create(),
    ProbeCommand.Create(),
    SearchCommand.Create(),
    ServeCommand.Create(),
    DataCommand.Create(),
    PullCommand.Create(),
    InspectCommand.Create(),
    ReportCommand.Create(),
    PretrainCommand.Create(),
    TuneCommand.Create(),
    TuneSystemCommand.Create(),
    TuneAptCommand.Create(),
    AblateCommand.Create(),
    ExperimentCommand.Create(),
    PlanCommand.Create(),
    DistilCommand.Create(),
    MakeWorldCommand.Create(),
    TeachCommand.Create(),
    PretrainEncoderCommand.Create(),
    PretrainLanguageModelCommand.Create(),
    ScenarioCommand.Create(),
    DoctorCommand.Create(),
};
// These divide their work among the ranks that mpirun started.
string[] shared = ["pretrain", "tune", "tune-system", "tune-apt", "caption", "classify", "ask", "search", "evaluate", "scenario ranks"];
string[] withoutTensors = ["doctor", "report", "data", "pull"];

// (System.CommandLine would listen only once a command has returned its task.)
using var stop = new Stopping();
Console.SetOut(new PlainWriter(Console.Out, stop.WatchOutput));
Console.SetError(new PlainWriter(Console.Error));

try
{
    var parsed = root.Parse(args, Recipe.ParserConfiguration);
    if (parsed.Errors.Count == 0) UnknownOptions.Refuse(parsed);
    // Help and wrong options are answered without libtorch; a command that needs it says at once what is missing.
    if (parsed.Errors.Count == 0 && parsed.Action == parsed.CommandResult.Command.Action && !withoutTensors.Contains(args[0])) NativeLibraries.Require();
    if (Ranks.Started > 1) Shared.Join(args, shared);
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    if (!Shared.Speaks) invocation.Error = TextWriter.Null; // a wrong option is wrong on all ranks
    int code = await parsed.InvokeAsync(invocation, stop.Token);
    return code == 130 ? stop.ExitCode : code;
}
catch (Exception e) when (e.Cause() is OperationCanceledException)
{
    Shared.Report("mint: stopped.");
    return stop.ExitCode;
}
catch (Exception e) when (Environment.GetEnvironmentVariable("MINT_TRACE") is not { Length: > 0 })
{
    // What a user can act on is the message; MINT_TRACE=1 lets the whole exception through.
    Shared.Fail(e.Cause().Message);
    return 1;
}
