using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential() => new();
            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => Sequential((IEnumerable<Module<Tensor, Tensor>>)modules);
            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => Sequential((IEnumerable<(string, Module<Tensor, Tensor>)>)modules);

            public static Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules)
            {
                var all = new Sequential();
                foreach (var module in modules) all.append(module);
                return all;
            }

            public static Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules)
            {
                var all = new Sequential();
                foreach (var (name, module) in modules) all.append(name, module);
                return all;
            }
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>Modules applied one after the other, named "0", "1", ... unless given names. What passes between them is disposed.</summary>
    public class Sequential : Module<Tensor, Tensor>
    {
        private readonly List<IModule<Tensor, Tensor>> layers = [];

        internal Sequential() : base(nameof(Sequential)) { }

        protected Sequential(params Module<Tensor, Tensor>[] modules) : base(nameof(Sequential))
        {
            foreach (var module in modules) append(module);
        }

        protected Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) : base(nameof(Sequential))
        {
            foreach (var (name, module) in modules) append(name, module);
        }

        public int Count => layers.Count;

        [System.Runtime.CompilerServices.IndexerName("SequentialItems")]
        public IModule<Tensor, Tensor> this[int index] => layers[index];

        public Sequential append(IModule<Tensor, Tensor> module) => append(layers.Count.ToString(), module);

        public Sequential append(string name, IModule<Tensor, Tensor> module)
        {
            register_module(name, (nn.Module)module);
            layers.Add(module);
            return this;
        }

        public override Tensor forward(Tensor tensor)
        {
            if (layers.Count == 0) return tensor.alias();
            var current = tensor;
            foreach (var module in layers) {
                var next = module.call(current);
                if (!ReferenceEquals(current, tensor) && !ReferenceEquals(current, next)) current.Dispose();
                current = next;
            }
            return current;
        }
    }
}
