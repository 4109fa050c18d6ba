using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>Patches, and what the teacher makes of them: logits, and the features on the way there.</summary>
/// <remarks>
/// Features of the middle teach a thin network much sooner than answers alone ("FitNets", Romero et al., 2015): every place of a patch is a lesson.
/// Those of the earlier two blocks are seen through a fixed random projection, which keeps what varies and a quarter of the bytes.
/// </remarks>
/// <param name="Patches">(N, 96, 64) log-mel.</param>
/// <param name="Logits">(N, classes).</param>
/// <param name="Middle">(N, 64, 12, 8), after 5 blocks.</param>
/// <param name="Late">(N, 128, 6, 4), after 11.</param>
/// <param name="Last">(N, D, 3, 2), after all 13: their mean is the embedding.</param>
internal sealed record Lesson(Tensor Patches, Tensor Logits, Tensor Middle, Tensor Late, Tensor Last) : IDisposable
{
    public static readonly int[] Blocks = [5, 11, 13];

    public const int MiddleWidth = 64, LateWidth = 128;

    /// <summary>Its tensors by name.</summary>
    public Dictionary<string, Tensor> Named => new()
    {
        ["patches"] = Patches,
        ["logits"] = Logits,
        ["middle"] = Middle,
        ["late"] = Late,
        ["last"] = Last,
    };

    public static Lesson Of(IReadOnlyDictionary<string, Tensor> named) => new(named["patches"], named["logits"], named["middle"], named["late"], named["last"]);

    /// <summary>Some of its rows in float32.</summary>
    public Lesson Rows(Tensor rows)
    {
        return new(Pick(Patches), Pick(Logits), Pick(Middle), Pick(Late), Pick(Last));

        Tensor Pick(Tensor all) => all.index_select(0, rows).to(ScalarType.Float32);
    }

    public void Dispose()
    {
        foreach (var tensor in Named.Values) tensor.Dispose();
    }
}

/// <summary>Asks the teacher.</summary>
internal sealed class Teaching : IDisposable
{
    private const int Batch = 64;
    private readonly YamNet teacher;
    private readonly YamNetFrontEnd frontEnd = new();
    private readonly Tensor middle, late; // (64, C, 1, 1), (128, C', 1, 1)

    public Teaching(YamNet teacher)
    {
        this.teacher = teacher;
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        (middle, late) = (Projection(Lesson.MiddleWidth, Lesson.Blocks[0]), Projection(Lesson.LateWidth, Lesson.Blocks[1]));

        Tensor Projection(long width, int block) =>
            randn([width, teacher.Config.Widths[block], 1, 1], generator: generator).Over(Math.Sqrt(width)).DetachFromDisposeScope();
    }

    /// <summary>The answers for waveforms of one patch each, in float16.</summary>
    public Lesson Answer(IReadOnlyList<float[]> waveforms, CancellationToken cancel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Lesson>();
        foreach (float[][] rows in waveforms.Chunk(Batch))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var patches = frontEnd.Patches(tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, YamNetFrontEnd.PatchSamples]));
            var features = teacher.Features(patches, Lesson.Blocks);
            var logits = teacher.Logits(YamNet.Embedding(features[2]));
            parts.Add(new Lesson(Keep(patches), Keep(logits), Keep(nn.functional.conv2d(features[0], middle)), Keep(nn.functional.conv2d(features[1], late)),
                Keep(features[2])));
        }
        return new Lesson(Join(part => part.Patches), Join(part => part.Logits), Join(part => part.Middle), Join(part => part.Late), Join(part => part.Last));

        static Tensor Keep(Tensor x) => x.to(ScalarType.Float16).MoveToOuterDisposeScope();

        Tensor Join(Func<Lesson, Tensor> of) => cat([.. parts.Select(of)], 0).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        frontEnd.Dispose();
        middle.Dispose();
        late.Dispose();
    }
}
