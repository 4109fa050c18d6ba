using System.CommandLine;
using Mint.ML.Generation;

namespace Mint.ML.Samples.Answering;

/// <summary>How answers in words are searched for.</summary>
internal sealed class GenerationArguments
{
    private static readonly GenerationOptions Defaults = new();

    private readonly Option<int> _beams = new("--beams") { Description = "Beams of the search; 1 takes the likeliest token each time", DefaultValueFactory = _ => Defaults.Beams };
    private readonly Option<int> _most = new("--max-tokens") { Description = "Most tokens of an answer", DefaultValueFactory = _ => Defaults.MaxLength };
    private readonly Option<double> _length = new("--length-penalty") { Description = "Of beam search: above 0 favours long answers", DefaultValueFactory = _ => Defaults.LengthPenalty };
    private readonly Option<double> _repetition = new("--repetition-penalty") { Description = "Above 1 avoids tokens that were said", DefaultValueFactory = _ => Defaults.RepetitionPenalty };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "Draws tokens at this temperature instead of taking the likeliest" };
    private readonly Option<long> _seed = new("--seed") { Description = "Decides what --temperature draws", DefaultValueFactory = _ => Defaults.Seed };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_beams, _most, _length, _repetition, _temperature, _seed]) command.Options.Add(option);
    }

    public GenerationOptions Read(ParseResult parse)
    {
        var options = Defaults with
        {
            Beams = parse.GetValue(_beams), MaxLength = parse.GetValue(_most), LengthPenalty = parse.GetValue(_length), RepetitionPenalty = parse.GetValue(_repetition),
            Sample = parse.GetValue(_temperature) is not null, Temperature = parse.GetValue(_temperature) ?? Defaults.Temperature, Seed = parse.GetValue(_seed),
        };
        options.Validate();
        return options;
    }
}
