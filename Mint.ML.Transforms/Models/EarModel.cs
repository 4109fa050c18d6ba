using Microsoft.ML.Runtime;
using Mint.ML.Encoders;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Predictors;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>What hears: a frozen encoder, or the ear of a pre-trained system. One owner's handle on it.</summary>
internal sealed class EarModel : IDisposable
{
    private readonly FrozenFolder? folder;
    private readonly SharedModel<IAudioEncoder>? encoder;
    private readonly SharedModel<SystemModel>? system;

    public EarModel(SharedModel<SystemModel> system) => this.system = system;

    private EarModel(FrozenFolder folder, IAudioEncoder encoder) => (this.folder, this.encoder) = (folder, new(encoder));

    public IAudioEncoder Encoder => encoder is not null ? encoder.Value : system!.Value.Model.Encoder;

    public static EarModel Load(string path, bool embed, Device device) =>
        new(FrozenFolder.FromPath(path, embed), ModelCatalog.LoadAudioEncoder(path, device: device));

    public void Write(ModelWriter writer)
    {
        if (system is not null) TunedSteps.Write(writer, system);
        else folder!.Write(writer, "Encoder");
    }

    public static EarModel Read(IHostEnvironment environment, ModelReader reader)
    {
        if (TunedSteps.ReadSystem(environment, reader) is { } system) return new(system);
        var device = Devices.ForEnvironment(environment);
        var (folder, encoder) = FrozenFolder.Read(reader, "Encoder", path => ModelCatalog.LoadAudioEncoder(path, device: device));
        return new(folder, encoder);
    }

    public void Dispose()
    {
        encoder?.Dispose();
        system?.Dispose();
    }
}
