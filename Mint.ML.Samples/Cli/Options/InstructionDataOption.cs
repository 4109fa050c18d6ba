using System.CommandLine;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>Options that take data sets of stage 2.</summary>
internal static class InstructionDataOption
{
    /// <summary>The option --data, any number of times, in a recipe as a list of objects.</summary>
    public static Option<InstructionData[]> Create() => Create("--data",
        "MANIFEST (with columns Instruction and Response), or MANIFEST:INSTRUCTION:COLUMN with one instruction for all clips and the column of the answers, "
        + "or the same as JSON: {\"manifest\", \"instruction\", \"response\", \"weight\"}. "
        + "{\"manifest\", \"template\": \"music analysis\"} fills a template of Pengi's Table 1 with the columns of its fields. "
        + "INSTRUCTION may be a data set of the paper's Table 1 (NSynth, Clotho, ...), for its template. "
        + "May be given several times; without weights, data sets are mixed by size");

    /// <summary>An option of the same form.</summary>
    public static Option<InstructionData[]> Create(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            try
            {
                return [.. result.Tokens.Select(token => InstructionData.Parse(token.Value))];
            }
            catch (FormatException error)
            {
                result.AddError(error.Message);
                return [];
            }
        },
    };
}
