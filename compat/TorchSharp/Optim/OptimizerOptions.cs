using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>The hyperparameters of a parameter group.</summary>
public class OptimizerOptions
{
    public double? LearningRate { get; set; }
    public double InitialLearningRate { get; set; }

    public virtual void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(InitialLearningRate);
        writer.Write(LearningRate.Value);
    }

    public virtual void LoadStateDict(BinaryReader reader)
    {
        InitialLearningRate = reader.ReadDouble();
        LearningRate = reader.ReadDouble();
    }

    public virtual void LoadStateDict(OptimizerOptions source)
    {
        InitialLearningRate = source.InitialLearningRate;
        LearningRate = source.LearningRate;
    }
}

/// <summary>What an optimizer remembers of one parameter.</summary>
public abstract class OptimizerState
{
    protected Parameter _parameter;

    protected OptimizerState(Parameter parameter) => _parameter = parameter;

    public abstract void Initialize(OptimizerOptions options);
    public abstract void SaveStateDict(BinaryWriter writer);
    public abstract void LoadStateDict(BinaryReader reader);
    public abstract void LoadStateDict(OptimizerState source);
    public virtual void to(Device device) { }
    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    protected static void SaveConditionalStateTensor(BinaryWriter writer, Tensor tensor)
    {
        writer.Write(tensor is not null);
        if (tensor is not null) TensorStream.Save(writer, tensor);
    }

    protected static void LoadConditionalStateTensor(BinaryReader reader, ref Tensor result, Device device)
    {
        result?.Dispose();
        result = null;
        if (!reader.ReadBoolean()) return;
        using var loaded = TensorStream.Load(reader);
        result = loaded.to(device, copy: true).DetachFromDisposeScope();
    }

    internal Tensor Zeros() => _parameter.zeros_like().detach_().DetachFromDisposeScope();

    // A copy on the parameter's device, in place of what was there.
    internal void Replace(ref Tensor mine, Tensor theirs)
    {
        mine?.Dispose();
        mine = theirs?.to(_parameter.device, copy: true).DetachFromDisposeScope();
    }

    internal static void Move(ref Tensor tensor, Device device)
    {
        if (tensor is null) return;
        var moved = tensor.to(device, copy: true).DetachFromDisposeScope();
        tensor.Dispose();
        tensor = moved;
    }

    internal static bool Close(Tensor a, Tensor b) => a is null ? b is null : b is not null && a.allclose(b);
}

public class ParamGroup : optim.ILearningRateController
{
    public IEnumerable<Parameter> Parameters { get; set; }
    public OptimizerOptions Options { get; set; }
    public double LearningRate { get => Options.LearningRate.Value; set => Options.LearningRate = value; }
    public double InitialLearningRate { get => Options.InitialLearningRate; set => Options.InitialLearningRate = value; }
}

public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
{
    public ParamGroup() { }

    public ParamGroup(IEnumerable<Parameter> parameters, TOptions options = null)
    {
        Parameters = parameters;
        Options = options;
    }

    public new TOptions Options { get => (TOptions)base.Options; set => base.Options = value; }
}
