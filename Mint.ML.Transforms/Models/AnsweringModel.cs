using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Predictors;

namespace Mint.ML.Transforms;

/// <summary>What answers about frames: a MINT tuned in stage 2, or a pre-trained system. One owner's handle on it.</summary>
internal sealed class AnsweringModel : IDisposable
{
    private readonly SharedModel<TunedModel>? tuned;
    private readonly SharedModel<SystemModel>? system;

    public AnsweringModel(SharedModel<TunedModel> tuned) => this.tuned = tuned;

    public AnsweringModel(SharedModel<SystemModel> system) => this.system = system;

    public IAudioLanguageModel Model => tuned is not null ? tuned.Value.Model : system!.Value.Model.Answering();

    public void Write(ModelWriter writer)
    {
        if (system is not null) TunedSteps.Write(writer, system);
        else TunedSteps.Write(writer, tuned!);
    }

    public static AnsweringModel Read(IHostEnvironment environment, ModelReader reader) =>
        TunedSteps.ReadSystem(environment, reader) is { } system ? new(system) : new(TunedSteps.Read(environment, reader));

    public void Dispose()
    {
        tuned?.Dispose();
        system?.Dispose();
    }
}
