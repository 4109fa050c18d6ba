using System.Diagnostics;
using System.Text.RegularExpressions;

// Changes lines of Mint.ML one at a time and reports how many of the changes the tests notice. From the repository's root, after a Release build:
//   dotnet run -c Release --project eng/mutate -- [count = 50] [seed = 9]
// Mint.ML is built once with every mutation behind a switch; MINT_MUTANT says which one is on. artifacts/mutation.log keeps every result:
// a run that was stopped goes on from there, and what survived is tried again with the tests of today.

var count = args.Length > 0 ? int.Parse(args[0]) : 50;
var seed = args.Length > 1 ? int.Parse(args[1]) : 9;
var root = Directory.GetCurrentDirectory();
var mutated = Path.Combine(root, "tests", "Mint.ML.Tests", "bin", "Mutated");
var logPath = Path.Combine(root, "artifacts", "mutation.log");
Directory.CreateDirectory(Path.GetDirectoryName(logPath)!);

// The last word on each mutation: key, then what became of it.
var results = new Dictionary<string, string>();
foreach (var line in File.Exists(logPath) ? File.ReadAllLines(logPath) : [])
{
    var at = line.LastIndexOf('\t');
    results[line[..at]] = line[(at + 1)..];
}

var chosen = Build();
// The nearest tests are asked of all mutations first, all tests only of those that are left: most are noticed in seconds.
// Some at a time: a test program waits for files and locks a good part of its time.
var unasked = chosen.Where(pair => !results.ContainsKey(pair.Mutation.Key)).ToList();
Parallel.ForEach(unasked, new ParallelOptions { MaxDegreeOfParallelism = 3 }, pair => Record(pair.Mutation,
    Ask(pair.Number, $"--filter FullyQualifiedName~Mint.ML.Tests.{pair.Mutation.Folder} --ignore-exit-code 8", 900) ?? "survived so far"));
foreach (var (number, mutation) in chosen.Where(pair => results[pair.Mutation.Key].StartsWith("survived")))
{
    Record(mutation, Ask(number, "", 3600) ?? "survived");
}
// A test that fails without any mutation notices nothing: those that noticed must pass now.
var names = chosen.Select(pair => results[pair.Mutation.Key]).Where(result => result.Contains('_')).Distinct().ToList();
if (names.Count > 0 && Ask(0, $"--filter \"{string.Join('|', names.Select(name => $"FullyQualifiedName~.{name}"))}\"", 900) is { } broken)
{
    Console.Error.WriteLine($"Without any mutation on, {broken} fails: mend that first.");
    return 2;
}
var noticed = chosen.Count(pair => !results[pair.Mutation.Key].StartsWith("survived"));
Console.WriteLine($"noticed {noticed} of {chosen.Count}");
return noticed * 10 >= chosen.Count * 9 ? 0 : 1;

void Record(Mutation mutation, string result)
{
    lock (results)
    {
        results[mutation.Key] = result;
        File.AppendAllText(logPath, $"{mutation.Key}\t{result}\n");
        Console.WriteLine($"{DateTime.Now:HH:mm:ss} {mutation.Key}\t{result}");
    }
}

// Builds Mint.ML with the first mutations that compile, into the tests' folders; the source is put back whatever happens.
List<(int Number, Mutation Mutation)> Build()
{
    var taken = new List<(int Number, Mutation Mutation)>();
    var refused = new HashSet<string>(results.Where(result => result.Value == "does not compile").Select(result => result.Key));
    while (true)
    {
        taken.Clear();
        foreach (var mutation in Mutations.Draw(root, seed).Where(mutation => !refused.Contains(mutation.Key)))
        {
            // Of two in one expression the first drawn stays; a few more than asked for, as some will not compile.
            if (taken.Count < count + 10
                && !taken.Any(other => other.Mutation.File == mutation.File && other.Mutation.Before.Span.IntersectsWith(mutation.Before.Span)))
            {
                taken.Add((taken.Count + 1, mutation));
            }
        }
        var errors = Compile(taken);
        if (errors.Count == 0)
        {
            taken.ForEach(pair => Console.WriteLine($"{pair.Number}\t{pair.Mutation.Key}"));
            return taken[..Math.Min(count, taken.Count)];
        }
        foreach (var (_, mutation) in taken.Where(pair => errors.Contains((pair.Mutation.File, pair.Mutation.Line))))
        {
            refused.Add(mutation.Key);
            Record(mutation, "does not compile");
        }
    }
}

HashSet<(string File, int Line)> Compile(List<(int Number, Mutation Mutation)> mutations)
{
    var originals = mutations.Select(pair => pair.Mutation.File).Distinct().ToDictionary(file => file, file => File.ReadAllText(Path.Combine(root, file)));
    var switchPath = Path.Combine(root, "Mint.ML", "Mutant.cs");
    try
    {
        File.WriteAllText(switchPath, """
            internal static class Mutant
            {
                private static readonly string on = System.Environment.GetEnvironmentVariable("MINT_MUTANT") ?? "0";
                private static readonly int number = int.Parse(on);
                internal static bool Is(int one) => one == number;
            }
            """);
        foreach (var (file, text) in originals)
        {
            File.WriteAllText(Path.Combine(root, file), Mutations.Switched(text, mutations.Where(pair => pair.Mutation.File == file)));
        }
        var (code, output) = Run(0, "dotnet", "build Mint.ML/Mint.ML.csproj -c Release --no-restore -m:1 -v quiet -clp:NoSummary -p:RunAnalyzers=false", 900);
        var errors = Regex.Matches(output, @"(Mint\.ML/[^()\n]*)\((\d+),\d+\): error")
            .Select(match => (match.Groups[1].Value, int.Parse(match.Groups[2].Value))).ToHashSet();
        // A message names the first line of a statement, and the whole path.
        var inTheRepository = errors.Select(error => (error.Item1[error.Item1.LastIndexOf("Mint.ML/", StringComparison.Ordinal)..], error.Item2)).ToHashSet();
        if (code == 0)
        {
            // A folder of its own beside the tests' own output, so that nobody runs a mutant by mistake.
            Run(0, "cp", $"-rT --remove-destination {Path.Combine(root, "tests", "Mint.ML.Tests", "bin", "Release")} {mutated}", 300);
            File.Delete(Path.Combine(mutated, "net10.0", "Mint.ML.dll"));
            File.Copy(Path.Combine(root, "Mint.ML", "bin", "Release", "net10.0", "Mint.ML.dll"), Path.Combine(mutated, "net10.0", "Mint.ML.dll"));
        }
        else if (!inTheRepository.Any(error => mutations.Any(pair => (pair.Mutation.File, pair.Mutation.Line) == error)))
        {
            throw new InvalidOperationException("The build failed at no mutation:\n" + output);
        }
        return code == 0 ? [] : inTheRepository;
    }
    finally
    {
        File.Delete(switchPath);
        foreach (var (file, text) in originals)
        {
            File.WriteAllText(Path.Combine(root, file), text);
        }
    }
}

// The test that fails, "timeout" or the exit code of a crash; null where all pass.
string? Ask(int number, string filter, int seconds)
{
    var (code, output) = Run(number, "dotnet", $"{mutated}/net10.0/Mint.ML.Tests.dll --progress off --ansi off --maximum-failed-tests 1 {filter}", seconds);
    var failed = Regex.Match(output, @"^failed (\S+)", RegexOptions.Multiline);
    return code == 0 ? null : code == int.MinValue ? "timeout" : failed.Success ? failed.Groups[1].Value : $"exit code {code}";
}

static (int Code, string Output) Run(int mutant, string program, string arguments, int seconds)
{
    var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
    start.Environment["MINT_MUTANT"] = mutant.ToString();
    // Threads that wait without spinning; messages the expression above can read.
    start.Environment["OMP_WAIT_POLICY"] = "passive";
    start.Environment["TESTINGPLATFORM_UI_LANGUAGE"] = "en";
    using var process = Process.Start(start)!;
    var output = process.StandardOutput.ReadToEndAsync();
    _ = process.StandardError.ReadToEndAsync();
    if (!process.WaitForExit(seconds * 1000))
    {
        process.Kill(entireProcessTree: true);
        return (int.MinValue, "");
    }
    // A build server may keep the pipe open after the build itself has ended.
    return (process.ExitCode, output.Wait(10_000) ? output.Result : "");
}
