using static TorchSharp.torch;

namespace TorchSharp.Modules;

public interface IParameterLessModule { }

/// <summary>A layer with nothing to learn, to move or to store.</summary>
public abstract class ParameterLessModule<T1, TResult> : nn.Module<T1, TResult>, IParameterLessModule
{
    protected ParameterLessModule(string name) : base(name) { }
}

public abstract class ParameterLessModule<T1, T2, TResult> : nn.Module<T1, T2, TResult>, IParameterLessModule
{
    protected ParameterLessModule(string name) : base(name) { }
}
