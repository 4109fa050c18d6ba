using System.Reflection;

namespace Microsoft.ML.Runtime
{
    /// <summary>Finds the code that loads a component, by the signature that stands in the model file.</summary>
    public sealed class ComponentCatalog
    {
        private readonly HashSet<Assembly> _scanned = [];
        private readonly Dictionary<(Type Signature, string Name), LoadableClassAttribute> _loaders = [];

        internal ComponentCatalog() => RegisterAssembly(typeof(ComponentCatalog).Assembly);

        public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
        {
            ArgumentNullException.ThrowIfNull(assembly);
            lock (_scanned)
            {
                if (!_scanned.Add(assembly)) return;
                foreach (var loadable in assembly.GetCustomAttributes<LoadableClassAttribute>())
                    foreach (string name in loadable.LoadNames)
                        if (!_loaders.TryAdd((loadable.SigType, name), loadable) && throwOnError)
                            throw new InvalidOperationException($"Two components load '{name}': {_loaders[(loadable.SigType, name)].LoaderType} and {loadable.LoaderType}");
            }
        }

        internal object Create(IHostEnvironment env, string signature, ModelLoadContext ctx)
        {
            LoadableClassAttribute loadable;
            lock (_scanned) _loaders.TryGetValue((typeof(SignatureLoadModel), signature), out loadable);
            if (loadable is null)
                throw new InvalidOperationException($"Unknown loader signature '{signature}'; register the assembly that holds it with MLContext.ComponentCatalog.RegisterAssembly");
            const BindingFlags any = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
            Type[] parameters = [typeof(IHostEnvironment), typeof(ModelLoadContext)];
            object[] arguments = [env, ctx];
            try
            {
                if (loadable.LoaderType.GetMethod("Create", any, parameters) is { IsStatic: true } create)
                    return create.Invoke(null, arguments);
                if (loadable.LoaderType.GetConstructor(any, parameters) is { } constructor)
                    return constructor.Invoke(arguments);
            }
            catch (TargetInvocationException e) when (e.InnerException is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            }
            throw new InvalidOperationException($"{loadable.LoaderType} has no static Create({nameof(IHostEnvironment)}, {nameof(ModelLoadContext)})");
        }
    }
}

namespace Microsoft.ML
{
    /// <summary>Declares, on an assembly, that a type can be loaded from a model file under the given names.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class LoadableClassAttribute : Attribute
    {
        public LoadableClassAttribute(Type instType, Type argType, Type sigType, string userName, params string[] loadNames)
            : this(instType, instType, argType, sigType, userName, loadNames) { }

        public LoadableClassAttribute(Type instType, Type loaderType, Type argType, Type sigType, string userName, params string[] loadNames)
        {
            (InstanceType, LoaderType, SigType, UserName, LoadNames) = (instType, loaderType, sigType, userName, loadNames);
        }

        public Type InstanceType { get; }
        public Type LoaderType { get; }
        public Type SigType { get; }
        public string UserName { get; }
        public string[] LoadNames { get; }
    }

    internal delegate void SignatureLoadModel(ModelLoadContext ctx);
}
