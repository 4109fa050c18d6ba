using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.ModelFiles;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

// Model files and folders: how a model is loaded and saved.
public sealed partial class AudioLanguageModel
{
    /// <summary>Loads a model file (of <see cref="Save"/>, or of ML.NET's <c>Model.Save</c>), or the folder of a published system.</summary>
    /// <param name="path">The zip, or the folder.</param>
    /// <param name="device">The CPU when null.</param>
    /// <param name="folders">Where frozen models are looked for that a zip names and does not hold.</param>
    /// <exception cref="FileNotFoundException">There is nothing of that name.</exception>
    /// <exception cref="DirectoryNotFoundException">A frozen model that the file names was not found; the message says where it was looked for.</exception>
    /// <exception cref="InvalidOperationException">A frozen model that was found is not the one of then.</exception>
    /// <exception cref="InvalidDataException">The file is no model, or one of another version.</exception>
    /// <exception cref="IOException">What is embedded unpacks to more than <see cref="FrozenModelFolders.MostUnpackedBytes"/>, or than the disk has room
    /// for.</exception>
    /// <exception cref="NotSupportedException">The folder, or a frozen model's, holds nothing that is known.</exception>
    public static AudioLanguageModel Load(string path, Device? device = null, FrozenModelFolders? folders = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            var published = ModelCatalog.Published(path);
            return new(published, published.LoadSystem!(path, device));
        }
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no model file '{path}', and no folder of that name.", path);
        try
        {
            using var zip = ModelZip.Open(path, folders ?? new());
            return Read(zip, path, device ?? CPU);
        }
        catch (Exception error) when (error is FormatException or InvalidDataException or EndOfStreamException or FileNotFoundException
            or WeightMismatchException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is not a model file of Mint.ML: {error.Message.TrimEnd('.')}.", error);
        }
        // What is wrong is beside the file: a frozen model that is missing or another one, or no room to unpack it.
        catch (DirectoryNotFoundException error)
        {
            throw new DirectoryNotFoundException($"{path}: {error.Message}", error);
        }
        catch (IOException error) when (error.GetType() == typeof(IOException))
        {
            throw new IOException($"{path}: {error.Message}", error);
        }
        catch (InvalidOperationException error) when (error.GetType() == typeof(InvalidOperationException))
        {
            throw new InvalidOperationException($"{path}: {error.Message}", error);
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"{path}: {error.Message}", error);
        }
    }

    private static AudioLanguageModel Read(ModelZip zip, string path, Device device)
    {
        string Place(string part) => zip.Places(part + ".json").LastOrDefault() ?? "";
        string ear = Place(SavedSteps.Encoder);
        if (ear.Length == 0 && zip.Places("Options").Any()) throw new FormatException(ModelFormat.TooOld);
        if (ear.Length == 0)
        {
            throw new FormatException("it holds no audio encoder, without which nothing can be heard: save the whole chain, LoadAudio and "
                + "FeaturizeAudio included");
        }

        var defaults = AnswerDefaults.Read(zip); // before the weights, which take long
        List<IDisposable> parts = [];
        try
        {
            // A chain of a pre-trained system: its featurizer holds all of it.
            if (zip.Read(ear) is var hears && hears.TryStream("System", _ => { }))
                return hears.Shared("System", () => SystemModel.Read(hears, "SystemFolder", device)).Value.Model.Asked(AnswerDefaults.Read(zip));
            var (folder, encoder) = FrozenFolder.Read(zip.Read(ear), "Encoder", from => ModelCatalog.LoadAudioEncoder(from, device: device));
            parts.Add(encoder);
            TrainedBridge? bridge = null;
            if (Place(SavedSteps.Bridge) is { Length: > 0 } stage1)
            {
                var reader = zip.Read(stage1);
                parts.Add(bridge = reader.Shared("Model", () => TrainedBridge.Read(reader, "Bridge", device)).Value);
            }
            TunedModel? tuned = null;
            if (Place(SavedSteps.Tuned) is { Length: > 0 } stage2)
            {
                var reader = zip.Read(stage2);
                parts.Add(tuned = reader.Shared("Model", () => TunedModel.Read(reader, "Tuned", device)).Value);
            }
            if (bridge is null && tuned is null)
                throw new FormatException("it holds an encoder and no trained model: train one by ./mint pretrain and ./mint tune");
            return new(encoder, folder, bridge, tuned, null) { Defaults = defaults };
        }
        catch
        {
            foreach (var part in parts) part.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model that was loaded from a zip, beside and renamed. Frozen models are named in it, or stand in it, as they did.</summary>
    /// <exception cref="NotSupportedException">The model is a published system's folder, or was made of parts: keep the folder.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (encoderFolder is null) throw new NotSupportedException("This model is that of a folder, or of parts in memory; it is saved by keeping its folder.");
        AtomicFile.Write(path, stream =>
        {
            using var zip = ModelZip.Create(stream);
            var ear = zip.Write("Encoder/");
            ear.Json(SavedSteps.Encoder + ".json", new object());
            encoderFolder.Write(ear, "Encoder");
            if (bridge is not null)
            {
                var writer = zip.Write("Bridge/");
                writer.Json(SavedSteps.Bridge + ".json", new object());
                writer.Shared("Model", bridge, () => bridge.Write(writer, "Bridge"));
            }
            if (tuned is not null)
            {
                var writer = zip.Write("Tuned/");
                writer.Json(SavedSteps.Tuned + ".json", new object());
                writer.Shared("Model", tuned, () => tuned.Write(writer, "Tuned"));
            }
            Defaults.Write(zip);
        });
    }
}
