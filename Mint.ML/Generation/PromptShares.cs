using System.Runtime.ExceptionServices;
using Mint.ML.LanguageModels;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>Divides the prompts of a batch among the cores: each share decodes by itself, instead of all cores meeting in every product.</summary>
/// <remarks>
/// A step of decoding is hundreds of small operators, after each of which the cores wait for one another. Two shares of 4 prompts and 5 beams took 0.7 of the
/// time of two threads in every product (Flan-T5-base's size, two cores). A prompt's answer does not depend on the others of its batch, so that shares change
/// none.
/// </remarks>
internal static class PromptShares
{
    /// <summary>Rows below which a share would wait for memory: every share reads all weights at each step, and a core reads a weight in the time of some 16
    /// rows' arithmetic.</summary>
    private const int LeastRows = 16;

    /// <summary>Shares that a batch is worth; 1 where libtorch cannot give each its own threads.</summary>
    /// <param name="model">Answers; one that is not of this library may not bear two callers at once.</param>
    /// <param name="prompts">Prompts of the batch.</param>
    /// <param name="rows">Rows that a prompt has in a step.</param>
    public static int Count(ILanguageModel model, int prompts, int rows) =>
        model is T5 or CausalLanguageModel && model.Device.type == TorchSharp.DeviceType.CPU && CallersThreads.Available
            ? (int)Math.Clamp((long)prompts * rows / LeastRows, 1, Math.Min(prompts, get_num_threads())) : 1;

    /// <summary>Answers each share, on a thread of its own as far as there are some: of the pool, since what libtorch keeps for a thread stays with it.
    /// </summary>
    /// <param name="prompts">Prompts of the batch.</param>
    /// <param name="shares">See <see cref="Count"/>.</param>
    /// <param name="answer">Answers the prompts from the first index on, as many as the second number says.</param>
    public static void Run(int prompts, int shares, Action<int, int> answer)
    {
        if (shares == 1)
        {
            answer(0, prompts);
            return;
        }
        int threads = get_num_threads() / shares;
        var errors = new Exception?[shares];
        Parallel.For(0, shares, new() { MaxDegreeOfParallelism = shares }, Answer);
        if (errors.FirstOrDefault(error => error is not null) is { } first) ExceptionDispatchInfo.Throw(first);

        void Answer(int share)
        {
            int from = share * prompts / shares, to = (share + 1) * prompts / shares;
            try
            {
                using var limited = CallersThreads.Limit(threads);
                answer(from, to - from);
            }
            catch (Exception error)
            {
                errors[share] = error; // told as it is when all have ended, not as one of several
            }
        }
    }
}
