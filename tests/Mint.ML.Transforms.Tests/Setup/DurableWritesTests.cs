using Mint.ML.Files;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mint.ML.Transforms.Tests.Setup;

/// <summary>What is renamed is on the disk before: whether a power cut finds the old file or the new one cannot be tried here, so the IL is asked.</summary>
[TestClass]
public sealed class DurableWritesTests
{
    private static readonly string[] Renames = ["Move", "MoveTo", "Replace"];

    private static IEnumerable<MethodDefinition> Methods => new[] { typeof(AtomicFile), typeof(MLAudio), typeof(Mint.ML.Samples.Cli.Commands.PretrainCommand) }
        .SelectMany(type => ModuleDefinition.ReadModule(type.Assembly.Location).GetTypes()).SelectMany(type => type.Methods).Where(method => method.HasBody);

    private static List<(int At, MethodReference Callee)> Calls(MethodDefinition method) => [.. method.Body.Instructions
        .Select((instruction, at) => (at, instruction))
        .Where(each => each.instruction.OpCode.FlowControl == FlowControl.Call && each.instruction.Operand is MethodReference)
        .Select(each => (each.at, (MethodReference)each.instruction.Operand))];

    private static bool IsRename(MethodReference callee) => callee.DeclaringType.FullName is "System.IO.File" or "System.IO.FileInfo"
        && Renames.Contains(callee.Name);

    [TestMethod]
    public void One_function_renames_files_and_it_flushes_them_to_the_disk_before()
    {
        var renaming = Methods.Where(method => Calls(method).Any(call => IsRename(call.Callee))).ToArray();
        CollectionAssert.AreEqual(new[] { "Mint.ML.Files.AtomicFile::Place" },
            renaming.Select(method => $"{method.DeclaringType.FullName}::{method.Name}").ToArray());

        var calls = Calls(renaming[0]);
        var (flush, callee) = calls.Single(call => call.Callee.Name == "Flush");
        Assert.AreEqual("System.IO.FileStream", callee.DeclaringType.FullName);
        Assert.AreEqual("System.Boolean", callee.Parameters.Single().ParameterType.FullName);
        Assert.AreEqual(Code.Ldc_I4_1, renaming[0].Body.Instructions[flush - 1].OpCode.Code, "to the disk, and not to the system alone");
        Assert.IsLessThan(calls.Single(call => IsRename(call.Callee)).At, flush);
    }

    [TestMethod]
    public void Whole_files_are_written_by_that_function_alone()
    {
        // A vocabulary's copy and SPICE's input lie in temporary folders of their own.
        string[] others = ["Mint.ML.Metrics.SpiceTool::Score", "Mint.ML.Text.VocabularyFiles::Write"];
        var writing = Methods.Where(method => Calls(method).Any(call => call.Callee.DeclaringType.FullName == "System.IO.File"
            && (call.Callee.Name.StartsWith("WriteAll", StringComparison.Ordinal) || call.Callee.Name.StartsWith("AppendAll", StringComparison.Ordinal)
                || call.Callee.Name is "Create" or "CreateText" or "OpenWrite" or "AppendText" or "Copy")));
        CollectionAssert.AreEqual(others, writing.Select(method =>
            $"{method.DeclaringType.FullName}::{method.Name}").Distinct().Order(StringComparer.Ordinal).ToArray());
    }

    // OpenOrCreate, Create, Append and Truncate follow a link; Open makes nothing, and GrowingFile has looked before.
    [TestMethod]
    public void No_file_is_opened_in_a_way_that_makes_or_empties_what_a_link_leads_to()
    {
        var opened = from method in Methods
                     from call in Calls(method)
                     let parameters = call.Callee.Parameters
                     where call.Callee.DeclaringType.FullName is "System.IO.FileStream" or "System.IO.File" or "System.IO.FileInfo"
                     let at = parameters.ToList().FindIndex(parameter => parameter.ParameterType.FullName == "System.IO.FileMode")
                     where at >= 0
                     select (Method: $"{method.DeclaringType.FullName}::{method.Name}", Mode: method.Body.Instructions[call.At - (parameters.Count - at)]);
        Assert.IsNotEmpty(opened);
        var following = opened.Where(open => open.Mode.OpCode.Code is not (Code.Ldc_I4_1 or Code.Ldc_I4_3)); // CreateNew, Open
        Assert.IsEmpty(following, string.Join('\n', following));
    }
}
