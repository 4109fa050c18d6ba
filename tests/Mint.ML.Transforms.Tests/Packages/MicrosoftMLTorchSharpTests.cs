using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Packages;

/// <summary>
/// Microsoft.ML.TorchSharp 0.23.1, made for TorchSharp 0.102.7, beside ours in one process. What does not work today is asserted too,
/// so that another version of either is judged anew (docs/text-trainers.md says the same to users).
/// </summary>
[TestClass]
public sealed class MicrosoftMLTorchSharpTests
{
    private const BindingFlags Every = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static EightClips Clips => EightClips.Shared;
    private static Assembly Package => typeof(TorchSharpCatalog).Assembly;

    /// <summary>A context whose downloads end in this folder.</summary>
    private static MLContext Context(string folder) => new(seed: 1) { TempFilePath = folder };

    private static IEstimator<ITransformer> TextClassifier(MLContext ml) => ml.Transforms.Conversion.MapValueToKey("Label", "Family")
        .Append(ml.MulticlassClassification.Trainers.TextClassification("Label", sentence1ColumnName: "GeneratedCaption", batchSize: 4, maxEpochs: 1));

    [TestMethod]
    public void One_context_holds_both_catalogs_on_one_libtorch_and_one_device()
    {
        MLContext ml = Context(Clips.Folder);
        IDataView captioned = Clips.Model.Transform(Clips.Data);
        SchemaShape output = TextClassifier(ml).GetOutputSchema(SchemaShape.Create(captioned.Schema));
        SchemaShape.Column label = output.Single(column => column.Name == "PredictedLabel");
        Assert.IsTrue(label.IsKey && label.ItemType == NumberDataViewType.UInt32);
        Assert.IsNotNull(ml.AudioLanguage().GenerateCaptions());

        MethodInfo device = Package.GetType("Microsoft.ML.TorchSharp.Utils.TorchUtils", throwOnError: true)!.GetMethod("InitializeDevice", Every)!;
        Assert.AreEqual(DeviceType.CPU, ((Device)device.Invoke(null, [ml])!).type, "as ours: without GpuDeviceId, the CPU");
        if (OperatingSystem.IsLinux())
        {
            string[] mapped = [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains("libtorch_cpu", StringComparison.Ordinal))
                .Select(line => line[line.IndexOf('/')..]).Distinct()];
            Assert.HasCount(1, mapped, string.Join(", ", mapped));
        }
    }

    [TestMethod]
    public void Without_weights_and_network_fitting_says_so_and_ours_goes_on_to_the_bit()
    {
        IWebProxy network = HttpClient.DefaultProxy;
        DirectoryInfo empty = Directory.CreateTempSubdirectory("mint-no-weights-");
        try
        {
            HttpClient.DefaultProxy = new WebProxy("http://127.0.0.1:9/"); // nothing listens there
            string[] before = [.. EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data).Select(answer => answer.ToString())];
            Exception error = Assert.Throws<InvalidOperationException>(() => TextClassifier(Context(empty.FullName)).Fit(Clips.Model.Transform(Clips.Data)));
            StringAssert.Contains(error.Message, "NasBert2000000.tsm");
            StringAssert.Contains(error.Message, "could not be downloaded");
            CollectionAssert.AreEqual(before, EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data).Select(answer => answer.ToString()).ToArray());
        }
        finally
        {
            HttpClient.DefaultProxy = network;
            empty.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Its_methods_compile_but_for_the_two_that_resize_images()
    {
        int methods = 0;
        var failed = new List<string>();
        foreach (Type type in Package.GetTypes().Where(type => !type.ContainsGenericParameters))
        {
            foreach (MethodBase method in type.GetMethods(Every).Cast<MethodBase>().Concat(type.GetConstructors(Every)))
            {
                if (method.ContainsGenericParameters || method.GetMethodBody() is null)
                    continue;

                methods++;
                try
                {
                    RuntimeHelpers.PrepareMethod(method.MethodHandle);
                }
                catch (MissingMethodException e)
                {
                    failed.Add($"{type.Name}.{method.Name}: {e.Message}");
                }
            }
        }

        Assert.AreEqual(613, methods);
        Assert.HasCount(2, failed, string.Join('\n', failed));
        foreach ((string name, string message) in ((string[])["AutoFormerV2Block.forward", "FPN.forward"]).Zip(failed.Order()))
        {
            StringAssert.StartsWith(message, name); // object detection, in training and in prediction
            StringAssert.Contains(message, "functional.interpolate");
        }
    }

    /// <summary>
    /// Its constructors dispose of what torch.nn.init returns. That was a second handle in 0.102.7; in 0.107 it is the parameter itself.
    /// </summary>
    [TestMethod]
    public void Its_text_trainers_dispose_of_their_own_weights()
    {
        using var weight = zeros(3, 4);
        Assert.AreSame(weight, nn.init.xavier_uniform_(weight));

        DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-weights-");
        try
        {
            // Random weights where the download would put the real ones.
            MLContext ml = Context(folder.FullName);
            var trainer = ml.MulticlassClassification.Trainers.TextClassification();
            object options = trainer.GetType().BaseType!.GetField("BertOptions", Every)!.GetValue(trainer)!;
            Type type = Package.GetType("Microsoft.ML.TorchSharp.NasBert.Models.ModelForPrediction", throwOnError: true)!;
            const int padding = 1, symbols = 50_265, classes = 3; // fairseq's RoBERTa dictionary, which comes with the package
            using var model = (nn.Module)Activator.CreateInstance(type, options, padding, symbols, classes)!;
            var encoder = (nn.Module)type.GetMethod("GetEncoder")!.Invoke(model, null)!;
            encoder.save(Path.Combine(folder.CreateSubdirectory("mlnet").FullName, "NasBert2000000.tsm"));
            Exception error = Assert.Throws<InvalidOperationException>(() => TextClassifier(ml).Fit(Clips.Model.Transform(Clips.Data)));
            Assert.AreEqual("Tensor invalid -- empty handle.", error.Message);
            StringAssert.Contains(error.StackTrace, "NasBert"); // theirs, not ours
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
