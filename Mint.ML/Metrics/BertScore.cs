using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Metrics;

/// <summary>BERTScore: F-measure of the best cosine similarities between tokens' states.</summary>
/// <remarks>
/// P is the mean over the candidate's tokens of the highest cosine with a token of the reference, R the other way round, F = 2PR / (P + R), without idf weights
/// or rescaling. As in the original, [CLS] and [SEP] may be what a token is nearest to, but have no mean of their own. The best reference counts; the corpus
/// value is the items' mean. Texts are taken as they are, not as PTB words. An empty candidate has 0; identical texts have 1. Values of other folders or layers
/// cannot be compared.
/// </remarks>
public sealed class BertScore(Bert model, TextTokenizer tokenizer, int? layer = null) : ICaptionMetric
{
    /// <summary>Loads a BERT with its tokenizer.</summary>
    /// <param name="folder">Holds config.json, the weights and the vocabulary.</param>
    /// <param name="layer">Block whose output is compared, from 1; null for the last. The original takes 9 of bert-base.</param>
    public static BertScore Load(string folder, int? layer = null) => new(Bert.Load(folder), TextTokenizer.Load(folder), layer);

    /// <inheritdoc/>
    public string Name => "BERTScore";

    /// <summary>F of all items.</summary>
    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        int depth = layer ?? (int)model.Config.Layers;
        if (depth < 1 || depth > model.Config.Layers)
            throw new ArgumentOutOfRangeException(nameof(layer), layer, $"The model has blocks 1 to {model.Config.Layers}.");
        using var evaluation = no_grad();
        model.eval();
        double[] scores = [.. captions.Captions.Select(item =>
        {
            cancel.ThrowIfCancellationRequested();
            return Score(item, depth);
        })];
        return new MetricScore(Name, scores.Average(), scores) { Note = $"F, layer {depth}" };
    }

    private double Score(CaptionItem item, int depth)
    {
        if (string.IsNullOrWhiteSpace(item.Candidate)) return 0;
        using var scope = NewDisposeScope();
        var candidate = States(item.Candidate, depth);
        return item.References.Max(reference =>
        {
            using var inner = NewDisposeScope();
            var cosines = candidate.matmul(States(reference, depth).t()); // (candidate's tokens, reference's tokens)
            double precision = Mean(cosines.amax([1])), recall = Mean(cosines.amax([0]));
            return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
        });
    }

    // Without [CLS] and [SEP].
    private static double Mean(Tensor highest) => highest.narrow(0, 1, highest.shape[0] - 2).to(ScalarType.Float64).mean().item<double>();

    private Tensor States(string text, int depth)
    {
        int[] ids = tokenizer.Encode(text, maxLength: (int)(model.Config.Positions - model.Config.FirstPosition));
        // The first and the last state are left out of the means, so they have to be those of [CLS] and [SEP], or <s> and </s>.
        if (tokenizer.Frame is not { Before.Length: 1, After.Length: 1 })
        {
            throw new ArgumentException("BERTScore takes a tokenizer that puts one token before a text and one behind it, [CLS] and [SEP]; this one puts "
                + $"{tokenizer.Frame.Before.Length} and {tokenizer.Frame.After.Length}. Load the tokenizer of the BERT's own folder.");
        }
        if (ids.Length < 3) throw new ArgumentException($"\"{text}\" has no tokens of the model's vocabulary.");
        var read = tensor(ids.Select(id => (long)id).ToArray(), device: model.parameters().First().device).unsqueeze(0);
        var states = model.ForwardHidden(read)[depth].squeeze(0); // (L, D)
        return nn.functional.normalize(states.to(ScalarType.Float32), dim: -1);
    }
}
