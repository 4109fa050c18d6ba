using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Objectives;

/// <summary>Audio-language contrastive learning (ALC): a pair's similarity should be the highest of its row and of its column.</summary>
/// <remarks>
/// MINT, section 3.2; BLIP-2's ITC. A clip has one embedding a query, and the query nearest to the text speaks for the clip:
/// s(a, t) = max over q of (a_q . t) / temperature. The loss is the mean of both cross-entropies, with label smoothing.
/// </remarks>
internal static class Contrastive
{
    /// <summary>Similarities of every clip with every text: (B, B'), clips down, texts across.</summary>
    /// <param name="audio">Unit embeddings of the queries, (B, Q, E).</param>
    /// <param name="text">Unit embeddings of the texts, (B', E).</param>
    /// <param name="temperature">Scalar.</param>
    public static Tensor Similarity(Tensor audio, Tensor text, Tensor temperature)
    {
        using var scope = NewDisposeScope();
        var all = audio.reshape(-1, audio.shape[2]).matmul(text.t())            // (B Q, B')
            .view(audio.shape[0], audio.shape[1], text.shape[0]);               // (B, Q, B')
        return (all.amax([1]) / temperature).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of a batch in which clip i belongs to text i, and its two similarity matrices (rows: clips; rows: texts).</summary>
    public static (Tensor Loss, Tensor AudioToText, Tensor TextToAudio) Loss(Tensor audio, Tensor text, Tensor temperature, AlignmentOptions options)
    {
        using var scope = NewDisposeScope();
        Tensor audioToText, textToAudio; // (B, B)
        if (options.DetachGathered)
        {
            audioToText = Similarity(audio, text.detach(), temperature);
            textToAudio = Similarity(audio.detach(), text, temperature).t();
        }
        else
        {
            audioToText = Similarity(audio, text, temperature);
            textToAudio = audioToText.t();
        }
        var loss = Loss(audioToText, textToAudio, 0, options.ContrastiveSmoothing);
        return (loss.MoveToOuterDisposeScope(), audioToText.MoveToOuterDisposeScope(), textToAudio.MoveToOuterDisposeScope());
    }

    /// <summary>The loss of rows first..first+b of the matrices, as GradCache takes it part by part. A row's positive is column first + row.</summary>
    internal static Tensor Loss(Tensor audioToText, Tensor textToAudio, long first, double smoothing)
    {
        using var scope = NewDisposeScope();
        var target = Indices(first, first + audioToText.shape[0], device: audioToText.device);
        var loss = functional.cross_entropy(audioToText, target, label_smoothing: smoothing)
            .Plus(functional.cross_entropy(textToAudio, target, label_smoothing: smoothing));
        return loss.Over(2).MoveToOuterDisposeScope();
    }
}

/// <summary>A batch's contrastive loss and its gradients for all embeddings and for the temperature.</summary>
/// <param name="Loss">A scalar without a graph.</param>
/// <param name="Audio">(B, Q, E).</param>
/// <param name="Text">(B, E).</param>
/// <param name="Temperature">Scalar.</param>
internal sealed record SolvedContrast(Tensor Loss, Tensor Audio, Tensor Text, Tensor Temperature) : IDisposable
{
    /// <summary>The loss and its gradients by the embeddings alone: for parts that are elsewhere, in time or on other ranks.</summary>
    /// <param name="audio">(B, Q, E).</param>
    /// <param name="text">(B, E).</param>
    /// <param name="temperature">Scalar.</param>
    /// <param name="loss">The loss of these three.</param>
    public static SolvedContrast Of(Tensor audio, Tensor text, Tensor temperature, Func<Tensor, Tensor, Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        using var grad = enable_grad();
        var (heard, read, by) = (audio.detach().requires_grad_(), text.detach().requires_grad_(), temperature.detach().requires_grad_());
        var whole = loss(heard, read, by);
        whole.backward();
        return new(whole.detach().DetachFromDisposeScope(), heard.grad!.DetachFromDisposeScope(), read.grad!.DetachFromDisposeScope(),
            by.grad!.DetachFromDisposeScope());
    }

    /// <summary>The whole batch's loss as some of its pairs see it: its value, and a gradient that, summed over all pairs by their shares, is the
    /// batch's.</summary>
    /// <param name="audio">The pairs' embeddings with their graph, (b, Q, E).</param>
    /// <param name="text">(b, E).</param>
    /// <param name="temperature">The parameter.</param>
    /// <param name="places">Where the pairs stand in the batch, (b) int64.</param>
    public Tensor SeenBy(Tensor audio, Tensor text, Tensor temperature, Tensor places)
    {
        using var scope = NewDisposeScope();
        double share = (double)places.shape[0] / Text.shape[0];
        var linear = (audio * Audio.index_select(0, places)).sum().Plus((text * Text.index_select(0, places)).sum()).Over(share)
            .Plus(temperature * Temperature);
        return (linear - linear.detach()).Plus(Loss).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Loss.Dispose();
        Audio.Dispose();
        Text.Dispose();
        Temperature.Dispose();
    }
}
