using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>A model that one thread disposes of while another works with it.</summary>
[TestClass]
public sealed class DisposingTests
{
    private static EightClips Clips => EightClips.Shared;

    private static readonly Lazy<string> Saved = new(() =>
    {
        string path = Path.Combine(Clips.Folder, "disposing.zip");
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, path);
        return path;
    });

    [TestMethod]
    public void A_pipeline_ends_its_batch_and_says_that_it_is_disposed_of()
    {
        string[] expected = [.. EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data).Select(answer => answer.ToString())];
        for (int round = 0; round < 12; round++)
        {
            var ml = new MLContext(seed: 1);
            var model = new FrozenModelFolders(Clips.Folder).During(() => ml.Model.Load(Saved.Value, out _));
            Ends(round, (IDisposable)model, () =>
                CollectionAssert.AreEqual(expected, EightClips.Answers(ml, model, Clips.Data).Select(answer => answer.ToString()).ToArray()));
        }
    }

    [TestMethod]
    public void A_model_ends_its_call_and_says_that_it_is_disposed_of()
    {
        string clip = Path.Combine(Clips.Folder, "clip1.wav");
        for (int round = 0; round < 12; round++)
        {
            var model = AudioLanguageModel.Load(Saved.Value);
            string expected = model.Caption(clip);
            float[] vectors = [.. model.Embed(clip).Cast<float>()];
            Ends(round, model, () =>
            {
                Assert.AreEqual(expected, model.Caption(clip));
                CollectionAssert.AreEqual(vectors, model.Embed(clip).Cast<float>().ToArray());
                Assert.HasCount(TinyModels.Families.Length, model.Rank(clip, TinyModels.Families));
            });
            Assert.ThrowsExactly<ObjectDisposedException>(() => model.EmbedText("a flute"));
            model.Dispose();
        }
    }

    [TestMethod]
    public void A_bridge_ends_what_is_asked_of_it_outside_a_pipeline_and_a_save()
    {
        string[] texts = ["a flute plays note 1", "rain"];
        float[] sound = Clips.Featurize(Clips.Ml).Fit(Clips.Data).Transform(Clips.Data).GetColumn<float[]>("Features").First();
        for (int round = 0; round < 8; round++)
        {
            var model = (IEnumerable<ITransformer>)Clips.Ml.AudioLanguage().LoadModel(Saved.Value);
            var bridge = model.OfType<BridgeNetTransformer>().Single();
            var embeddings = bridge.Embeddings;
            Action[] uses = [() => embeddings.Texts(texts), () => bridge.QueryAttention(sound), () => Clips.Ml.Model.Save(bridge, null, new MemoryStream()),
                () => _ = embeddings.Temperature];
            Ends(round, (IDisposable)model, uses[round % uses.Length]);
        }
    }

    [TestMethod]
    public void What_is_in_use_goes_when_it_is_closed_and_all_work_has_ended_and_once()
    {
        int disposed = 0;
        var use = new InUse("thing", () => disposed++);
        var work = use.Enter();
        use.Close();
        use.Close();
        Assert.AreEqual(0, disposed); // somebody works with it
        Assert.ThrowsExactly<ObjectDisposedException>(() => use.Enter());
        work.Dispose();
        Assert.AreEqual(1, disposed);
    }

    /// <summary>Works on another thread until it is disposed of here, at another moment each round.</summary>
    private static void Ends(int round, IDisposable model, Action use)
    {
        using var begun = new ManualResetEventSlim();
        Exception? thrown = null;
        var worker = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    begun.Set();
                    use();
                }
            }
            catch (Exception error)
            {
                thrown = error;
            }
        });
        worker.Start();
        begun.Wait();
        Thread.Sleep(3 * round);
        model.Dispose();
        worker.Join();
        Assert.AreEqual(typeof(ObjectDisposedException), thrown!.Cause().GetType(), thrown!.ToString());
    }
}
