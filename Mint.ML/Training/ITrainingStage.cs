using Mint.ML.Training.Data;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>What differs between the two stages, which both train a bridge on the frames of clips.</summary>
internal interface ITrainingStage
{
    /// <summary>Modules that are in training mode during the run.</summary>
    IReadOnlyList<Module> Modules { get; }

    /// <summary>Parameters that the run changes, by name.</summary>
    IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

    /// <summary>Where the frames go.</summary>
    Device Device { get; }

    /// <summary>Fewest examples that make a batch.</summary>
    int SmallestBatch { get; }

    /// <summary>Names of <see cref="Losses"/>'s values.</summary>
    IReadOnlyList<string> LossNames { get; }

    /// <summary>What guessing gives, by the loss's name.</summary>
    IReadOnlyDictionary<string, double> Guesses { get; }

    /// <summary>What in texts or frozen parts keeps it from learning, a sentence each.</summary>
    IEnumerable<string> Faults { get; }

    /// <summary>Number of examples.</summary>
    int Examples { get; }

    /// <summary>Which examples an epoch has; null for each of them once.</summary>
    InstructionMix? Mix => null;

    /// <summary>The clip of an example.</summary>
    int Clip(int example);

    /// <summary>All clips of an example, in the order in which their frames are given.</summary>
    IReadOnlyList<int> Clips(int example) => [Clip(example)];

    /// <summary>Texts of examples that are longer than what is read of them, with the tokens that are not.</summary>
    IEnumerable<(int Example, string Text, int UnreadTokens)> Cut { get; }

    /// <summary>The same, told by their clips.</summary>
    IReadOnlyList<CutText> CutAbout(IFrameSource audio) => [.. Cut.Select(cut => new CutText(audio.Place(Clip(cut.Example)), cut.Text, cut.UnreadTokens))];

    /// <summary>The texts of the examples.</summary>
    IEnumerable<string> Texts { get; }

    /// <summary>Hashes of what else makes this run, by name: objective, frozen models. Asked only of a run that is kept.</summary>
    IReadOnlyDictionary<string, string> Parts { get; }

    /// <summary>What examples count among those accumulated with it.</summary>
    long Weight(int[] examples);

    /// <summary>Whether all batches of a step are heard before the first of them is trained on.</summary>
    bool HearsFirst => false;

    /// <summary>Is given the batches of a step in their order, where <see cref="HearsFirst"/> asks for it.</summary>
    void Hear(BatchShare batch, Tensor frames, Tensor? frameMask)
    {
    }

    /// <summary>The losses of a batch, the one to descend first, as one vector; of a batch that several ranks share, those of this rank's examples, which
    /// averaged over the ranks by <see cref="Weight"/> are the batch's.</summary>
    Tensor Losses(BatchShare batch, Tensor frames, Tensor? frameMask, Generator negatives);
}
