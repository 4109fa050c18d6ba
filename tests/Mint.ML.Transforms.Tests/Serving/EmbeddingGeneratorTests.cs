using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.ExtensionsAI;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Serving;

[TestClass]
public sealed class EmbeddingGeneratorTests
{
    private static readonly Lazy<AudioLanguageModel> Loaded = new(() =>
    {
        string path = Path.Combine(EightClips.Shared.Folder, "embed.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return AudioLanguageModel.Load(path);
    });

    private static AudioLanguageModel Model => Loaded.Value;

    private static string Clip(int number) => Path.Combine(EightClips.Shared.Folder, $"clip{number}.wav");

    [TestMethod]
    public async Task Texts_have_the_models_own_vectors()
    {
        using IEmbeddingGenerator<string, Embedding<float>> texts = new TextEmbeddingGenerator(Model, "tiny", leaveOpen: true);
        string[] asked = ["a flute plays note 0", "an organ", "a flute plays note 0"];
        var made = await texts.GenerateAsync(asked);
        Assert.HasCount(3, made);
        for (int i = 0; i < asked.Length; i++) CollectionAssert.AreEqual(Model.EmbedText(asked[i]).Cast<float>().ToArray(), made[i].Vector.ToArray());
        Assert.AreEqual("tiny", made[0].ModelId);
        Assert.IsEmpty(await texts.GenerateAsync([]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => texts.GenerateAsync(["an organ", " "]));
    }

    [TestMethod]
    public async Task Sounds_have_the_mean_of_their_vectors_and_all_of_them_beside_it()
    {
        using IEmbeddingGenerator<DataContent, Embedding<float>> sounds = new AudioEmbeddingGenerator(Model, leaveOpen: true);
        var made = await sounds.GenerateAsync([await DataContent.LoadFromAsync(Clip(0)), new DataContent(File.ReadAllBytes(Clip(5)), "audio/wav")]);
        foreach (var (embedding, clip) in made.Zip([0, 5]))
        {
            float[,] vectors = Model.Embed(Clip(clip));
            CollectionAssert.AreEqual(vectors, (float[,])embedding.AdditionalProperties![AudioEmbeddingGenerator.Vectors]!);
            float[] vector = embedding.Vector.ToArray();
            Assert.AreEqual(1, vector.Sum(x => x * x), 1e-5);
            double[] sum = [.. Enumerable.Range(0, vector.Length).Select(e => Enumerable.Range(0, vectors.GetLength(0)).Sum(v => (double)vectors[v, e]))];
            // In the direction of the sum.
            Assert.AreEqual(Math.Sqrt(sum.Sum(x => x * x)), sum.Zip(vector, (x, y) => x * y).Sum(), 1e-4);
        }
        var error = await Assert.ThrowsExactlyAsync<AudioFormatException>(() => sounds.GenerateAsync([new DataContent(new byte[] { 1, 2, 3 }, "audio/wav")]));
        Assert.Contains("The sound", error.Message);
    }

    [TestMethod]
    public async Task A_clap_gives_its_own_vectors_of_both_branches()
    {
        using var clap = ClapEmbeddings.Load(SmallClap.Folder);
        using var texts = new TextEmbeddingGenerator(clap, leaveOpen: true);
        using var sounds = new AudioEmbeddingGenerator(clap, leaveOpen: true);
        CollectionAssert.AreEqual(clap.Texts(["a dog"])[0], (await texts.GenerateAsync(["a dog"]))[0].Vector.ToArray());
        CollectionAssert.AreEqual(clap.Clips([AudioFile.Read(Clip(1), clap.SampleRate)])[0],
            (await sounds.GenerateAsync([await DataContent.LoadFromAsync(Clip(1))]))[0].Vector.ToArray());
        Assert.AreEqual(clap.Width, texts.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.AreSame(clap, sounds.GetService<ClapEmbeddings>());
    }

    [TestMethod]
    public async Task Options_that_are_not_the_models_are_refused_by_name()
    {
        using var texts = new TextEmbeddingGenerator(Model, "tiny", leaveOpen: true);
        await texts.GenerateAsync(["an organ"], new() { Dimensions = 8, ModelId = "tiny" });
        foreach (var (name, options) in new (string, EmbeddingGenerationOptions)[]
        {
            ("Dimensions", new() { Dimensions = 7 }), ("ModelId", new() { ModelId = "large" }),
            ("RawRepresentationFactory", new() { RawRepresentationFactory = _ => 1 }),
            ("AdditionalProperties[\"pool\"]", new() { AdditionalProperties = new() { ["pool"] = 1 } }),
        })
        {
            Assert.Contains(name, (await Assert.ThrowsExactlyAsync<NotSupportedException>(() => texts.GenerateAsync(["an organ"], options))).Message);
        }
    }

    [TestMethod]
    public async Task A_cancelled_call_ends_and_a_disposed_generator_refuses()
    {
        var texts = new TextEmbeddingGenerator(Model, leaveOpen: true);
        using var stop = new CancellationTokenSource();
        int read = 0;
        IEnumerable<string> Endless()
        {
            for (; ; read++)
            {
                if (read == 3) stop.Cancel();
                yield return "an organ";
            }
        }
        await Assert.ThrowsAsync<OperationCanceledException>(() => texts.GenerateAsync(Endless(), cancellationToken: stop.Token));
        Assert.AreEqual(3, read);
        texts.Dispose();
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => texts.GenerateAsync(["an organ"]));
        Assert.AreEqual(1, Model.EmbedText("an organ").Cast<float>().Sum(x => x * x), 1e-5);
    }
}
