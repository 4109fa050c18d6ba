using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint interpret</c>: the prefix that a Pengi makes of a sound, told in words (its appendix B).</summary>
internal static class InterpretCommand
{
    public static Command Create()
    {
        var (model, hearing, device) = (new ModelOptions("none: it takes a Pengi"), AnswerArguments.Hearing(), DeviceOption.Create());
        var input = new Argument<string>("input") { Description = "A sound file, a folder of them, or a manifest" };
        var instruction = new Option<string?>("--instruction") { Description = "What is asked (default: as for captions)" };
        var command = new Command("interpret", "Tell a Pengi's prefix in words: of each of its vectors the nearest word of the language model.")
        {
            input, instruction, device,
        };
        model.AddTo(command);
        command.Add(hearing);
        command.SetAction((parse, cancel) =>
        {
            string? path = null;
            OptionErrors.Check(() => path = model.Read(parse));
            var clips = ClipList.Read(parse.GetValue(input)!, StandardError.Report);
            using var loaded = model.Load(parse, path, DeviceOption.Parse(parse.GetValue(device)!));
            var how = hearing.Read(parse);
            var reading = AudioReadOptions.Default with { SampleRate = loaded.Model.Encoder.SampleRate, Damaged = how.Damaged };
            Stopping.Listen();
            foreach (var clip in clips)
            {
                cancel.ThrowIfCancellationRequested();
                var sound = loaded.Model.Encoder.Fit(AudioFile.Read(clip.File, reading, cancel), how.Short);
                foreach (string note in sound.Notes) StandardError.Report($"{clip.Name}: {note}");
                var words = loaded.Model.InterpretPrefix(sound, parse.GetValue(instruction)).Select(word => word.Trim());
                Console.WriteLine($"{clip.Name}\t{string.Join(' ', words)}");
            }
            return Task.FromResult(0);
        });
        return command;
    }
}
