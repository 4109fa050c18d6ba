using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>The folder below a run's where its bridge stands: weights, and the vocabulary without which they mean nothing.</summary>
internal static class BridgeFolder
{
    private static readonly string[] Vocabulary = ["vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    private static bool Same(string one, string other) => File.Exists(other) && File.ReadAllBytes(one).AsSpan().SequenceEqual(File.ReadAllBytes(other));

    public static string InRun(string run) => Path.Combine(run, "bridge");

    public static void Write(string folder, BridgeNet bridge) => CheckpointWriter.Write(folder, bridge.Config.ToJson(), bridge.state_dict());

    /// <param name="from">The folder that has it.</param>
    /// <param name="to">The bridge's.</param>
    /// <param name="goesOn">Whether a run goes on with it, whose vocabulary is not replaced by another.</param>
    /// <exception cref="InvalidDataException">The run that goes on has another one.</exception>
    public static void CopyVocabulary(string from, string to, bool goesOn)
    {
        if (Path.GetFullPath(from) == Path.GetFullPath(to)) return;
        string[] files = [.. Vocabulary.Where(name => File.Exists(Path.Combine(from, name)))];
        if (files.Length == 0)
        {
            throw new FileNotFoundException($"{from} has no vocabulary ({Vocabulary[0]} or {Vocabulary[1]}); name the folder that has the bridge's by "
                + "--tokenizer.");
        }
        if (goesOn && files.FirstOrDefault(name => !Same(Path.Combine(from, name), Path.Combine(to, name))) is { } other)
        {
            throw new InvalidDataException($"{Path.Combine(from, other)} is not the vocabulary that the run in {Path.GetDirectoryName(to)} has. Go on "
                + "with that, or name another run folder with --output.");
        }
        foreach (string name in files) AtomicFile.Copy(Path.Combine(from, name), Path.Combine(to, name));
    }
}
