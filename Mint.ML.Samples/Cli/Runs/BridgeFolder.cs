using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>The folder below a run's where its bridge stands: weights, and the vocabulary without which they mean nothing.</summary>
internal static class BridgeFolder
{
    private static readonly string[] Vocabulary = ["vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    public static string InRun(string run) => Path.Combine(run, "bridge");

    public static void Write(string folder, BridgeNet bridge) => CheckpointWriter.Write(folder, bridge.Config.ToJson(), bridge.state_dict());

    public static void CopyVocabulary(string from, string to)
    {
        if (Path.GetFullPath(from) == Path.GetFullPath(to)) return;
        string[] files = [.. Vocabulary.Where(name => File.Exists(Path.Combine(from, name)))];
        if (files.Length == 0)
        {
            throw new FileNotFoundException($"{from} has no vocabulary ({Vocabulary[0]} or {Vocabulary[1]}); name the folder that has the bridge's by "
                + "--tokenizer.");
        }
        foreach (string name in files)
        {
            using var source = File.OpenRead(Path.Combine(from, name));
            AtomicFile.Write(Path.Combine(to, name), source.CopyTo);
        }
    }
}
