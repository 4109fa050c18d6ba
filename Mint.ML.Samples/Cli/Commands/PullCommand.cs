using System.CommandLine;
using System.Globalization;
using Mint.ML.Hub;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint pull</c>: a published model's folder, whole or not at all.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("name")
        {
            Description = "A known name, or OWNER/NAME of the hub; without one, the known names are listed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var output = new Option<string?>("--output", "-o") { Description = "The folder to make (default: models/NAME)" };
        var mirror = new Option<string?>("--mirror")
        {
            Description = $"Address of a mirror with the hub's layout (default: {HubOptions.MirrorVariable}, else the hub)",
        };
        var revision = new Option<string>("--revision") { Description = "Branch, tag or commit", DefaultValueFactory = _ => new HubOptions().Revision };
        var command = new Command("pull", "Fetch a published model's folder; the same command goes on where it was stopped.")
        {
            name, output, mirror, revision,
        };
        command.SetAction(async (parse, cancel) =>
        {
            if (parse.GetValue(name) is not { } asked)
            {
                var errors = new OptionErrors();
                errors.Unused(parse, true, "without a name, which lists the known ones", output, mirror, revision);
                errors.Throw();
                foreach (var model in PublishedModels.All)
                    Console.WriteLine(FormattableString.Invariant($"{model.Name,-24} {model.Gigabytes,5:0.0#} GB  {model.Licence,-14} {model.For}"));
                return 0;
            }
            string repository = PublishedModels.Repository(asked);
            string folder = parse.GetValue(output) ?? Path.Combine("models", repository.Split('/')[^1]);
            var options = new HubOptions { Revision = parse.GetValue(revision)! };
            if (parse.GetValue(mirror) is { } address) options = options with { Address = HubOptions.Parse(address) };
            HubPull.CheckPlace(repository, folder);
            using var hub = new HubPull(options);
            Stopping.Listen();
            var listing = await hub.List(repository, cancel);
            Console.WriteLine(FormattableString.Invariant(
                $"{repository} at {listing.Commit[..8]}: {listing.Files.Count} files, {listing.Files.Sum(file => file.Size) / 1e6:N1} MB"));
            Console.WriteLine($"licence: {listing.License ?? "none named; see its card"}");
            bool fetched = await hub.Pull(listing, folder, new Lines(), cancel);
            Console.WriteLine(fetched ? $"written: {folder}" : $"{folder} is there already");
            return 0;
        });
        return command;
    }

    // A line each ten seconds, and one a file: a log stays readable.
    private sealed class Lines : IProgress<PullProgress>
    {
        private readonly System.Diagnostics.Stopwatch sinceLine = System.Diagnostics.Stopwatch.StartNew();

        public void Report(PullProgress value)
        {
            if (value.FileBytes < value.FileSize && sinceLine.Elapsed < TimeSpan.FromSeconds(10)) return;
            sinceLine.Restart();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{value.File}: {value.FileBytes / 1e6:N1} of {value.FileSize / 1e6:N1} MB; {100.0 * value.Bytes / Math.Max(1, value.Size):0} % of all"));
        }
    }
}
