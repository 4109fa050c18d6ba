using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <summary>Changes parameters by their gradients. Made after the model is on its device: moving a model replaces its parameters.</summary>
            public abstract class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups;

                internal Optimizer() { }

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

                public virtual Tensor step(Func<Tensor> closure = null) => throw new NotImplementedException("step");

                public virtual void zero_grad() => throw new NotImplementedException("zero_grad");

                public virtual void add_param_group(ParamGroup param_group) => throw new NotImplementedException("add_param_group");

                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing) { }

                /// <summary>The hyperparameters of each group and the state of each parameter, the live objects.</summary>
                public class StateDictionary
                {
                    internal StateDictionary() { }

                    public List<OptimizerOptions> Options { get; } = [];
                    public List<OptimizerState> State { get; } = [];

                    /// <summary>For each group, the places of its parameters' states in State.</summary>
                    public List<List<int>> StateIndexRef { get; } = [];
                }
            }

            public interface ILearningRateController
            {
                double LearningRate { get; set; }
                double InitialLearningRate { get; set; }
            }

            public interface IMomentum
            {
                double Momentum { get; set; }
            }

            public interface IBetas
            {
                (double, double) Betas { get; set; }
            }
        }
    }
}

namespace TorchSharp.Modules
{
    using static TorchSharp.torch;

    public abstract class OptimizerHelper : optim.Optimizer
    {
        protected OptimizerOptions _defaults;
        protected OrderedDict<IntPtr, OptimizerState> _state = [];

        public OptimizerHelper() => _parameter_groups = [];

        public override void zero_grad()
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            Foreach.Zero(parameters().Select(parameter => parameter.grad).Where(grad => grad is not null).ToArray());
        }

        public override void add_param_group(ParamGroup param_group) => TakeGroup(param_group);

        private void TakeGroup(ParamGroup group)
        {
            // Fixed here: an enumerable over a module would give other objects once the module has moved.
            group.Parameters = group.Parameters.ToArray();
            var taken = parameters().ToHashSet<object>(ReferenceEqualityComparer.Instance);
            if (!group.Parameters.All(taken.Add)) throw new ArgumentException("A parameter is in the optimizer twice.");
            _parameter_groups.Add(group);
        }

        protected Tensor _step<T>(Action<T> body, Func<Tensor> loss_closure = null) where T : ParamGroup
        {
            Tensor loss = null;
            if (loss_closure is not null)
                using (enable_grad()) loss = loss_closure();
            using (no_grad())
                foreach (var group in _parameter_groups)
                    using (NewDisposeScope()) body((T)group);
            return loss;
        }

        /// <summary>The state of a parameter of this optimizer; moving the model after the optimizer was made is the usual way to lose it.</summary>
        internal T StateOf<T>(Parameter parameter) where T : OptimizerState
            => _state.TryGetValue(parameter.Handle, out var state) ? (T)state : throw new InvalidOperationException(
                "The optimizer holds no state for a parameter: was the module moved after the optimizer was made?");

        internal void Add(ParamGroup group, OptimizerOptions options, Func<Parameter, OptimizerState> makeState)
        {
            options.LearningRate ??= _defaults.LearningRate;
            options.InitialLearningRate = options.LearningRate.Value;
            group.Options = options;
            TakeGroup(group);
            foreach (var parameter in group.Parameters) {
                var state = makeState(parameter);
                state.Initialize(options);
                _state[parameter.Handle] = state;
            }
        }

        // ---- state

        public virtual StateDictionary state_dict()
        {
            var dictionary = new StateDictionary();
            foreach (var group in _parameter_groups) {
                dictionary.Options.Add(group.Options);
                var places = new List<int>();
                foreach (var parameter in group.Parameters) {
                    places.Add(dictionary.State.Count);
                    dictionary.State.Add(StateOf<OptimizerState>(parameter));
                }
                dictionary.StateIndexRef.Add(places);
            }
            return dictionary;
        }

        public virtual void load_state_dict(StateDictionary state_dict)
        {
            var own = this.state_dict();
            RequireSameSize(own, state_dict.Options.Count, state_dict.State.Count);
            for (int i = 0; i < own.Options.Count; i++)
                if (own.Options[i] != state_dict.Options[i]) own.Options[i].LoadStateDict(state_dict.Options[i]);
            for (int i = 0; i < own.State.Count; i++)
                if (own.State[i] != state_dict.State[i]) own.State[i].LoadStateDict(state_dict.State[i]);
        }

        public void save_state_dict(string location)
        {
            using var writer = new BinaryWriter(File.Create(location));
            save_state_dict(writer);
        }

        public void save_state_dict(BinaryWriter writer)
        {
            var state = state_dict();
            writer.Write(GetType().Name);
            writer.Write7BitEncodedInt64(state.Options.Count);
            writer.Write7BitEncodedInt64(state.State.Count);
            foreach (var options in state.Options) options.SaveStateDict(writer);
            foreach (var parameter in state.State) parameter.SaveStateDict(writer);
        }

        public void load_state_dict(string location)
        {
            using var reader = new BinaryReader(File.OpenRead(location));
            load_state_dict(reader);
        }

        public void load_state_dict(BinaryReader reader)
        {
            string optimizer = reader.ReadString();
            if (optimizer != GetType().Name)
                throw new InvalidDataException($"Mismatched optimizer type: expected '{GetType().Name}', but found '{optimizer}' in the loaded stream.");
            var own = state_dict();
            RequireSameSize(own, reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
            foreach (var options in own.Options) options.LoadStateDict(reader);
            foreach (var parameter in own.State) parameter.LoadStateDict(reader);
        }

        private static void RequireSameSize(StateDictionary own, long groups, long states)
        {
            if (own.Options.Count != groups)
                throw new ArgumentException($"Invalid optimizer state -- different number of parameter groups: {own.Options.Count} here, {groups} loaded.");
            if (own.State.Count != states)
                throw new ArgumentException($"Invalid optimizer state -- different number of states: {own.State.Count} here, {states} loaded.");
        }

        public void to(Device device)
        {
            foreach (var parameter in parameters()) StateOf<OptimizerState>(parameter).to(device);
        }

        protected override void Dispose(bool disposing)
        {
            if (!disposing) return;
            foreach (var (_, state) in _state) (state as IDisposable)?.Dispose();
            _state.Clear();
            _parameter_groups.Clear();
        }
    }
}
