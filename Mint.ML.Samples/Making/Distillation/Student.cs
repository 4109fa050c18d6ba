using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>A <see cref="YamNet"/> in training: each convolution has a batch norm, which <see cref="Fold"/> takes into its weights at the end.</summary>
internal sealed class Student : IDisposable
{
    private const double Eps = 1e-3; // MobileNet's: a band that is always silent must not be blown up
    private readonly YamNetConfig config;
    private readonly Convolution[] layers;            // stem, then depthwise and pointwise of each block
    private readonly Parameter weight, bias;          // of the classifier
    private readonly (Parameter Weight, Parameter Bias)[] hints; // from the student's features to the teacher's, thrown away at the end

    /// <summary>Draws the weights from torch's random numbers.</summary>
    /// <param name="config">Its dimensions.</param>
    /// <param name="teacher">Those of the teacher.</param>
    public Student(YamNetConfig config, YamNetConfig teacher)
    {
        using var scope = NewDisposeScope();
        this.config = config;
        var all = new List<Convolution> { new("stem", 1, config.Widths[0], 3, 2, grouped: false) };
        for (int block = 0; block < YamNetConfig.Strides.Count; block++)
        {
            long width = config.Widths[block];
            all.Add(new($"blocks.{block}.depthwise", width, width, 3, YamNetConfig.Strides[block], grouped: true));
            all.Add(new($"blocks.{block}.pointwise", width, config.Widths[block + 1], 1, 1, grouped: false));
        }
        layers = [.. all];
        (weight, bias) = (Drawn(0.02, config.Classes, config.HiddenSize), Held(zeros(config.Classes)));
        long[] taught = [Lesson.MiddleWidth, Lesson.LateWidth, teacher.HiddenSize];
        hints = [.. Lesson.Blocks.Select((block, i) => (Drawn(0.01, taught[i], config.Widths[block], 1, 1), Held(zeros(taught[i]))))];
    }

    /// <summary>Everything that is trained, by name.</summary>
    public IReadOnlyList<(string name, Parameter parameter)> Parameters =>
    [
        .. layers.SelectMany(layer => layer.Parameters),
        ("classifier.weight", weight), ("classifier.bias", bias),
        .. hints.SelectMany((hint, i) => new[] { ($"hints.{i}.weight", hint.Weight), ($"hints.{i}.bias", hint.Bias) }),
    ];

    /// <summary>What it makes of (B, 96, 64) patches: what the teacher gives, see <see cref="Lesson"/>.</summary>
    /// <param name="patches">The patches.</param>
    /// <param name="training">Whether batch norms take the batch's statistics rather than those of <see cref="Calibrate"/>.</param>
    public Lesson Answer(Tensor patches, bool training)
    {
        var x = patches.unsqueeze(1);
        var features = new List<Tensor>();
        for (int layer = 0; layer < layers.Length; layer++)
        {
            x = layers[layer].Run(x, training);
            if (layer == 0) x = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2); // channels last, as later layers keep it: a third quicker
            if (layer % 2 == 0 && Lesson.Blocks.Contains(layer / 2)) features.Add(x);
        }
        Tensor[] told = [.. features.Select((feature, i) => functional.conv2d(feature, hints[i].Weight, hints[i].Bias))];
        return new Lesson(patches, functional.linear(x.mean([2, 3]), weight, bias), told[0], told[1], told[2]);
    }

    /// <summary>Takes the statistics of batch norms from some patches, all at once: nothing of the run's history is in them.</summary>
    public void Calibrate(IReadOnlyList<Tensor> batches)
    {
        using var grad = no_grad();
        for (int batch = 0; batch < batches.Count; batch++)
        {
            using var scope = NewDisposeScope();
            foreach (var layer in layers) layer.Momentum = 1.0 / (batch + 1); // the running mean of all batches so far
            Answer(batches[batch], training: true);
        }
    }

    /// <summary>Begins where another run has got to.</summary>
    /// <param name="run">Its folder.</param>
    public void Load(string run)
    {
        string checkpoint = Directory.EnumerateFiles(run, "step-*.safetensors").Order(StringComparer.Ordinal).LastOrDefault()
            ?? throw new FileNotFoundException($"{run} holds no checkpoint (step-*.safetensors) to begin with.");
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var read = Safetensors.ReadAll(checkpoint);
        foreach (var (name, parameter) in Parameters) parameter.copy_(read["weights." + name]);
    }

    /// <summary>The network that computes the same without batch norms.</summary>
    public YamNet Fold()
    {
        using var grad = no_grad();
        var net = new YamNet(config);
        using var scope = NewDisposeScope();
        var weights = net.state_dict();
        foreach (var layer in layers) layer.Fold(weights[layer.Name + ".weight"], weights[layer.Name + ".bias"]);
        weights["classifier.weight"].copy_(weight);
        weights["classifier.bias"].copy_(bias);
        net.eval();
        foreach (var parameter in net.parameters()) parameter.requires_grad = false;
        return net;
    }

    public void Dispose()
    {
        foreach (var (_, parameter) in Parameters) parameter.Dispose();
        foreach (var layer in layers) layer.Dispose();
    }

    private static Parameter Drawn(double deviation, params long[] shape) => Held(empty(shape).normal_(0, deviation));

    private static Parameter Held(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private sealed class Convolution(string name, long inputs, long outputs, long kernel, long stride, bool grouped) : IDisposable
    {
        private readonly long groups = grouped ? inputs : 1;

        // He et al., 2015: what keeps the variance through a ReLU.
        private readonly Parameter weight = Drawn(Math.Sqrt(2.0 / (kernel * kernel * (grouped ? 1 : inputs))), outputs, grouped ? 1 : inputs, kernel, kernel);
        private readonly Parameter scale = Held(ones(outputs)), shift = Held(zeros(outputs));
        private readonly Tensor mean = zeros(outputs).DetachFromDisposeScope(), variance = ones(outputs).DetachFromDisposeScope();

        public string Name => name;

        public IEnumerable<(string, Parameter)> Parameters => [(name + ".weight", weight), (name + ".scale", scale), (name + ".shift", shift)];

        /// <summary>Share of the last batch in the running statistics.</summary>
        public double Momentum { get; set; } = 0.1;

        public Tensor Run(Tensor x, bool training)
        {
            // YAMNet's padding: of stride 2 on an even size, one row and column at the end only.
            var y = stride == 2 ? functional.conv2d(functional.pad(x, [0, 1, 0, 1]), weight, null, [2, 2], [0, 0], groups: groups)
                : functional.conv2d(x, weight, null, [1, 1], [kernel / 2, kernel / 2], groups: groups);
            return functional.relu6(functional.batch_norm(y, mean, variance, scale, shift, training, Momentum, Eps), inplace: true);
        }

        public void Fold(Tensor into, Tensor bias)
        {
            var factor = scale / variance.Plus(Eps).sqrt();
            into.copy_(weight * factor.reshape(-1, 1, 1, 1));
            bias.copy_(shift - mean * factor);
        }

        public void Dispose()
        {
            mean.Dispose();
            variance.Dispose();
        }
    }
}
