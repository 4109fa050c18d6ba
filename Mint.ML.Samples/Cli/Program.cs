using System.CommandLine;
using System.CommandLine.Invocation;
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
Console.SetOut(new PlainWriter(Console.Out, stop.WatchOutput,
    lost => throw new IOException($"The standard output cannot be written to: {(lost is IOException ? lost.Message : "it is closed.")}", lost)));
Console.SetError(new PlainWriter(Console.Error, lost: _ => { })); // what is said there is beside the results, and nobody reads it

ParseResult? parsed = null;
try
{
    parsed = root.Parse(args, Recipe.ParserConfiguration);
    bool wrong = parsed.Action is ParseErrorAction, runs = !wrong && parsed.Action == parsed.CommandResult.Command.Action;
    if (wrong || runs) UnknownOptions.Refuse(parsed);
    // Help and wrong options are answered without libtorch; a command that needs it says at once what is missing.
    if (runs && !withoutTensors.Contains(args[0])) NativeLibraries.Require();
    if (Ranks.Started > 1) Shared.Join(args, shared);
    if (wrong && args.Length > 0)
    {
        Shared.Report($"mint: {WrongLine.Reason(parsed)}"); // a wrong option is wrong on all ranks
        return 1;
    }
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
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
    Shared.Fail(e.Cause() is ArgumentException wrong ? WrongLine.InWords(parsed, wrong) : e.Cause().Message);
    return 1;
}
