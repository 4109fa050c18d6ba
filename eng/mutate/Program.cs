using System.Diagnostics;
using System.Text.RegularExpressions;

// Changes lines of Mint.ML one at a time and reports how many of the changes the tests notice. From the repository's root, after a Release build:
//   dotnet run -c Release --project eng/mutate -- [count = 50] [seed = 9]
// Mint.ML is built once with every mutation behind a switch; MINT_MUTANT says which one is on. artifacts/mutation.log keeps every result:
// a run that was stopped goes on from there, and what survived is tried again with the tests of today.

var count = args.Length > 0 ? int.Parse(args[0]) : 50;
var seed = args.Length > 1 ? int.Parse(args[1]) : 9;
var root = Directory.GetCurrentDirectory();
string[] projects = ["Mint.ML.Tests", "Mint.ML.Transforms.Tests"];
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
var unasked = chosen.Where(pair => !results.TryGetValue(pair.Mutation.Key, out var result) || result.StartsWith("survived")).ToList();
// First the test classes that name what the file is about: most mutations need no more.
var near = Nearest();
AskAll(pair => near(pair.Mutation), "survived: the nearest tests", record: false);
unasked.RemoveAll(pair => results.TryGetValue(pair.Mutation.Key, out var result) && !result.StartsWith("survived"));
if (unasked.Count > 0)
{
    // Then every class that reaches the mutation, from one run of all tests: no other test can notice it.
    var reached = Reached();
    AskAll(pair => [.. reached.Where(hit => hit.Number == pair.Number).Select(hit => hit.Class)], "survived", record: true);
}
var noticed = chosen.Count(pair => !results[pair.Mutation.Key].StartsWith("survived"));
Console.WriteLine($"noticed {noticed} of {chosen.Count}");
return noticed * 10 >= chosen.Count * 9 ? 0 : 1;

void AskAll(Func<(int Number, Mutation Mutation), IReadOnlyList<string>> classes, string otherwise, bool record)
{
    // More than processors: a test program waits for files and locks a good part of its time.
    Parallel.ForEach(unasked, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount + 1 }, pair =>
    {
        var all = classes(pair);
        var result = all.Count == 0 ? "survived: no test reaches it" : otherwise;
        foreach (var project in projects)
        {
            var own = all.Where(name => name.StartsWith(project + ".")).Select(name => $"FullyQualifiedName~{name}.").ToList();
            if (own.Count > 0 && result.StartsWith("survived")) result = Ask(project, pair.Number, string.Join('|', own)) ?? result;
        }
        if (record || !result.StartsWith("survived")) Record(pair.Mutation, result);
        else Console.WriteLine($"{DateTime.Now:HH:mm:ss} {pair.Number}: {result}");
    });
}

// The classes of the library's own tests, five at most, that have the name of the mutation's file or of a type in it most often. Those that run for
// minutes come later.
Func<Mutation, IReadOnlyList<string>> Nearest()
{
    var classes = (from file in Directory.EnumerateFiles(Path.Combine(root, "tests", projects[0]), "*.cs", SearchOption.AllDirectories)
                   where !file.Contains("/obj/") && !file.Contains("/bin/")
                   let text = File.ReadAllText(file)
                   let found = Regex.Match(text,
                       @"^namespace ([\w.]+);[\s\S]*?\[TestClass\]\s*public (?:sealed )?(?:partial )?class (\w+)", RegexOptions.Multiline)
                   where found.Success && !Regex.IsMatch(found.Groups[2].Value, "Fuzz|Stress|Stop|Killed|Installed|Restore|Scenario|Growth|HeldScalars")
                   select (Name: $"{found.Groups[1].Value}.{found.Groups[2].Value}", Text: text)).ToList();
    return mutation =>
    {
        var stem = Path.GetFileNameWithoutExtension(mutation.File).Split('.')[0];
        var types = Regex.Matches(File.ReadAllText(Path.Combine(root, mutation.File)),
            @"(?:class|struct|record|interface|enum) (\w+)").Select(match => match.Groups[1].Value);
        var named = new Regex($@"\b(?:{string.Join('|', types.Append(stem).Distinct())})\b|class {stem}\w*Tests");
        return [.. classes.Select(one => (one.Name, Count: named.Count(one.Text))).Where(one => one.Count > 0)
            .OrderByDescending(one => one.Name.EndsWith($".{stem}Tests")).ThenByDescending(one => one.Count).Take(5).Select(one => one.Name)];
    };
}

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
                private static readonly string? seen = System.Environment.GetEnvironmentVariable("MINT_MUTANT_SEEN");
                private static readonly object?[] last = new object?[1000];
                private static readonly System.Collections.Generic.HashSet<string> written = new();

                // MSTest's word on which test is running, which flows to tasks and threads that it starts; in a process that it starts, nobody's.
                private static readonly System.Type? context = System.Type.GetType(
                    "Microsoft.VisualStudio.TestTools.UnitTesting.TestContext, MSTest.TestFramework.Extensions");
                private static readonly System.Func<object?>? running = (System.Func<object?>?)context?.GetProperty("Current")?.GetMethod?
                    .CreateDelegate(typeof(System.Func<object?>));

                internal static bool Is(int one)
                {
                    if (seen is not null && (running?.Invoke() ?? "?") is var test && !ReferenceEquals(last[one], test)) // loops come here a million times
                    {
                        last[one] = test;
                        var name = test is string none ? none : (string?)context!.GetProperty("FullyQualifiedTestClassName")!.GetValue(test);
                        lock (written)
                        {
                            if (written.Add(one + " " + name)) System.IO.File.AppendAllText(seen + System.Environment.ProcessId, one + " " + name + "\n");
                        }
                    }
                    return one == number;
                }
            }
            """);
        foreach (var (file, text) in originals)
            File.WriteAllText(Path.Combine(root, file), Mutations.Switched(text, mutations.Where(pair => pair.Mutation.File == file)));
        var (code, output) = Run(0, "dotnet", "build Mint.ML/Mint.ML.csproj -c Release --no-restore -m:1 -v quiet -clp:NoSummary -p:RunAnalyzers=false", 900);
        var errors = Regex.Matches(output, @"(Mint\.ML/[^()\n]*)\((\d+),\d+\): error")
            .Select(match => (match.Groups[1].Value, int.Parse(match.Groups[2].Value))).ToHashSet();
        // A message names the first line of a statement, and the whole path.
        var inTheRepository = errors.Select(error => (error.Item1[error.Item1.LastIndexOf("Mint.ML/", StringComparison.Ordinal)..], error.Item2)).ToHashSet();
        if (code == 0)
        {
            // A folder of its own beside the tests' own output, so that nobody runs a mutant by mistake.
            foreach (var mutated in projects.Select(Mutated))
            {
                Run(0, "cp", $"-rT --remove-destination {Path.GetFullPath(Path.Combine(mutated, "..", "Release"))} {mutated}", 300);
                File.Delete(Path.Combine(mutated, "net10.0", "Mint.ML.dll"));
                File.Copy(Path.Combine(root, "Mint.ML", "bin", "Release", "net10.0", "Mint.ML.dll"), Path.Combine(mutated, "net10.0", "Mint.ML.dll"));
            }
        }
        // "Not all code paths return a value" names the method's first line: the mutation that follows is meant.
        var meant = inTheRepository.Select(error => mutations
                .Select(pair => pair.Mutation).Where(mutation => mutation.File == error.Item1 && mutation.Line >= error.Item2)
                .MinBy(mutation => mutation.Line))
            .OfType<Mutation>().Select(mutation => (mutation.File, mutation.Line)).ToHashSet();
        if (code != 0 && meant.Count == 0) throw new InvalidOperationException("The build failed at no mutation:\n" + output);
        return meant;
    }
    finally
    {
        File.Delete(switchPath);
        foreach (var (file, text) in originals)
            File.WriteAllText(Path.Combine(root, file), text);
    }
}

// The numbers of the mutations with the test classes that were running when they were reached; "?" is a process that a test started.
HashSet<(int Number, string Class)> Reached()
{
    var seen = Directory.CreateTempSubdirectory("mint-mutation-"); // a file a process
    Parallel.ForEach(projects, project =>
        Run(0, "dotnet", $"{Mutated(project)}/net10.0/{project}.dll --progress off --ansi off", 7200, seen.FullName + "/"));
    var lines = seen.EnumerateFiles().SelectMany(file => File.ReadAllLines(file.FullName)).Select(line => line.Split(' '));
    var reached = lines.Select(parts => (int.Parse(parts[0]), parts[1])).ToHashSet();
    seen.Delete(recursive: true);
    return reached;
}

string Mutated(string project) => Path.Combine(root, "tests", project, "bin", "Mutated");

// The test that notices, "timeout" or the exit code of a crash; null where all pass. On a busy machine a test may fail, and a limit may pass, with no
// mutation on: what notices must do so again, and must be well without it.
string? Ask(string project, int number, string filter)
{
    const int limit = 1800; // seconds
    while (Try(project, number, filter, limit) is { } found)
    {
        var again = found.Contains('_') ? $"FullyQualifiedName~.{found}" : filter;
        // What takes so long must be three times as quick without the mutation.
        var well = Try(project, 0, again, found == "timeout" ? limit / 3 : limit) is null;
        if (well && (found == "timeout" || Try(project, number, again, limit) is not null)) return found;
        Console.WriteLine($"{number}: {found} is not the mutation's");
        if (!found.Contains('_')) return null;
        filter = $"({filter})&FullyQualifiedName!~.{found}";
    }
    return null;
}

string? Try(string project, int number, string filter, int seconds)
{
    var arguments = $"{Mutated(project)}/net10.0/{project}.dll --progress off --ansi off --maximum-failed-tests 1 --ignore-exit-code 8 --filter \"{filter}\"";
    var (code, output) = Run(number, "dotnet", arguments, seconds);
    var failed = Regex.Match(output, @"^failed (\S+)", RegexOptions.Multiline);
    return code == 0 ? null : code == int.MinValue ? "timeout" : failed.Success ? failed.Groups[1].Value : $"exit code {code}";
}

static (int Code, string Output) Run(int mutant, string program, string arguments, int seconds, string? seen = null)
{
    var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
    start.Environment["MINT_MUTANT"] = mutant.ToString();
    start.Environment["MINT_MUTANT_SEEN"] = seen;
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
