using System.Collections;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);
            public static ModuleList<Module> ModuleList(params Module[] modules) => new(modules);
            public static ParameterList ParameterList(params Parameter[] parameters) => new(parameters);

            public static ModuleDict<T> ModuleDict<T>(params (string, T)[] modules) where T : Module
            {
                var dictionary = new ModuleDict<T>();
                foreach (var (name, module) in modules) dictionary.Add(name, module);
                return dictionary;
            }

            public static ModuleDict<Module> ModuleDict(params (string, Module)[] modules) => ModuleDict<Module>(modules);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>Modules in a list, named "0".."n-1".</summary>
    public class ModuleList<T> : nn.Module, IList<T> where T : nn.Module
    {
        private readonly List<T> list = [];

        public ModuleList(params T[] modules) : base("ModuleList")
        {
            list.AddRange(modules);
            Rename();
        }

        // Every change gives the modules their places as names again.
        private void Rename()
        {
            ClearModules();
            for (int i = 0; i < list.Count; i++) register_module(i.ToString(), list[i]);
        }

        protected override void RegisterComponents() { }

        public T this[int index] { get => list[index]; set { list[index] = value; Rename(); } }
        public int Count => list.Count;
        public bool IsReadOnly => false;
        public void Add(T item) { list.Add(item); register_module((list.Count - 1).ToString(), item); }
        public void append(params T[] parameters) => extend(parameters);
        public void extend(IEnumerable<T> modules) { list.AddRange(modules); Rename(); }
        public void Insert(int index, T item) { list.Insert(index, item); Rename(); }
        public bool Remove(T item) { bool removed = list.Remove(item); Rename(); return removed; }
        public void RemoveAt(int index) { list.RemoveAt(index); Rename(); }
        public void Clear() { list.Clear(); Rename(); }
        public bool Contains(T item) => list.Contains(item);
        public int IndexOf(T item) => list.IndexOf(item);
        public void CopyTo(T[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);
        public IEnumerator<T> GetEnumerator() => list.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Modules by name, in the order they were added.</summary>
    public class ModuleDict<T> : nn.Module, IEnumerable<(string, T)> where T : nn.Module
    {
        public ModuleDict() : base("ModuleDict") { }

        protected override void RegisterComponents() { }

        public T this[string key] {
            get => (T)_internal_submodules[key];
            set {
                if (_internal_submodules.ContainsKey(key)) _internal_submodules[key] = value;
                else Add(key, value);
            }
        }

        public int Count => _internal_submodules.Count;
        public void Add(string key, T value) => register_module(key, value);
        public void Add((string, T) item) => Add(item.Item1, item.Item2);
        public bool Remove(string key) => _internal_submodules.Remove(key);
        public void Clear() => ClearModules();
        public void clear() => ClearModules();
        public bool ContainsKey(string key) => _internal_submodules.ContainsKey(key);
        public IEnumerable<string> keys() => _internal_submodules.keys();
        public IEnumerable<T> values() => _internal_submodules.values().Cast<T>();
        public IEnumerator<(string, T)> items() => GetEnumerator();

        public bool TryGetValue(string key, out T value)
        {
            bool found = _internal_submodules.TryGetValue(key, out var module);
            value = (T)module;
            return found;
        }

        public IEnumerator<(string, T)> GetEnumerator()
        {
            foreach (var (key, module) in _internal_submodules) yield return (key, (T)module);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Parameters in a list, named "0".."n-1".</summary>
    public class ParameterList : nn.Module, IList<Parameter>
    {
        public ParameterList(params Parameter[] parameters) : base(nameof(ParameterList)) => extend(parameters);

        protected override void RegisterComponents() { }

        // The registry is the list: moving the module replaces its entries in place.
        private List<Parameter> Items => _internal_params.values().ToList();

        private void Replace(IEnumerable<Parameter> items)
        {
            var all = items.ToList();
            _internal_params.Clear();
            for (int i = 0; i < all.Count; i++) register_parameter(i.ToString(), all[i]);
        }

        private void Change(Action<List<Parameter>> change)
        {
            var items = Items;
            change(items);
            Replace(items);
        }

        public Parameter this[int index] { get => _internal_params[index].Item2; set => Change(items => items[index] = value); }
        public int Count => _internal_params.Count;
        public bool IsReadOnly => false;
        public void Add(Parameter item) => register_parameter(Count.ToString(), item);
        public void append(params Parameter[] parameters) => extend(parameters);
        public void extend(IEnumerable<Parameter> parameters) { foreach (var parameter in parameters) Add(parameter); }
        public void Insert(int index, Parameter item) => Change(items => items.Insert(index, item));
        public void RemoveAt(int index) => Change(items => items.RemoveAt(index));
        public void Clear() => _internal_params.Clear();
        public bool Contains(Parameter item) => IndexOf(item) >= 0;
        public int IndexOf(Parameter item) => Items.FindIndex(p => ReferenceEquals(p, item));
        public void CopyTo(Parameter[] array, int arrayIndex) => Items.CopyTo(array, arrayIndex);
        public IEnumerator<Parameter> GetEnumerator() => Items.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public bool Remove(Parameter item)
        {
            int index = IndexOf(item);
            if (index >= 0) RemoveAt(index);
            return index >= 0;
        }
    }
}
