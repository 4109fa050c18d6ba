using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer's groups, once when made (for step 0) and again at each step().</summary>
            public abstract class LRScheduler
            {
                protected int _step_count;
                internal int _last_epoch = -1;
                internal readonly Optimizer _optimizer;
                internal readonly List<double> _base_lrs = [];
                private readonly bool verbose;
                private List<double> lastRates = [];

                protected LRScheduler() { }

                protected LRScheduler(Optimizer optimizer, int last_epoch = -1, bool verbose = false)
                {
                    (_optimizer, _last_epoch, this.verbose) = (optimizer, last_epoch, verbose);
                    // The rates the optimizer was made with: another scheduler may have changed the present ones already.
                    _base_lrs.AddRange(optimizer.ParamGroups.Select(group => group.InitialLearningRate));
                }

                public IEnumerable<double> get_last_lr() => lastRates;

                /// <summary>The next rates, most of them out of the present ones; asked for once a step.</summary>
                protected virtual IEnumerable<double> get_lr() => Rates;

                /// <summary>The rates at _last_epoch without regard to the present ones, for step(epoch); null where there is no such form.</summary>
                protected virtual IEnumerable<double> get_closed_form_lr() => null;

                public virtual void step() => step(null);

                public virtual void step(int? epoch)
                {
                    _step_count++;
                    _last_epoch = epoch ?? _last_epoch + 1;
                    Set((epoch is null ? null : get_closed_form_lr()) ?? get_lr());
                }

                public virtual void step(double current, int? epoch = null) => step(epoch);

                private protected IEnumerable<double> Rates => _optimizer.ParamGroups.Select(group => group.LearningRate);

                private protected void Set(IEnumerable<double> rates)
                {
                    lastRates = rates.ToList(); // before the groups change: the rates are computed from theirs
                    foreach (var (group, rate) in _optimizer.ParamGroups.Zip(lastRates)) {
                        group.LearningRate = rate;
                        if (verbose) Console.WriteLine($"Adjusting learning rate to {rate:g4}.");
                    }
                }

                private protected void Remember(IEnumerable<double> rates) => lastRates = rates.ToList();
            }

            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                => new impl.LambdaLR(optimizer, lr_lambda, last_epoch, verbose);

            public static LRScheduler MultiplicativeLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                => new impl.MultiplicativeLR(optimizer, lr_lambda, last_epoch, verbose);

            public static LRScheduler StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                => new impl.StepLR(optimizer, step_size, gamma, last_epoch, verbose);

            public static LRScheduler MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                => new impl.MultiStepLR(optimizer, milestones, gamma, last_epoch, verbose);

            public static LRScheduler ExponentialLR(Optimizer optimizer, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                => new impl.ExponentialLR(optimizer, gamma, last_epoch, verbose);

            public static LRScheduler ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, int total_iters = 5, int last_epoch = -1, bool verbose = false)
                => new impl.ConstantLR(optimizer, factor, total_iters, last_epoch, verbose);

            public static LRScheduler LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5, int last_epoch = -1, bool verbose = false)
                => new impl.LinearLR(optimizer, start_factor, end_factor, total_iters, last_epoch, verbose);

            public static LRScheduler PolynomialLR(Optimizer optimizer, int total_iters = 5, double power = 1, int last_epoch = -1, bool verbose = false)
                => new impl.PolynomialLR(optimizer, total_iters, power, last_epoch, verbose);

            public static LRScheduler CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false)
                => new impl.CosineAnnealingLR(optimizer, T_max, eta_min, last_epoch, verbose);

            public static LRScheduler SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1)
                => new impl.SequentialLR(optimizer, schedulers, milestones, last_epoch);

            public static LRScheduler ChainedLR(IEnumerable<LRScheduler> schedulers) => new impl.ChainedLR(schedulers);
        }
    }
}
