namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            // The formulas are PyTorch's, in its order of operations: the rates agree to the bit.
            public static partial class impl
            {
                /// <summary>base · lambda(step).</summary>
                public class LambdaLR : LRScheduler
                {
                    private readonly List<Func<int, double>> lambdas;

                    public LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, optimizer.ParamGroups.Select(_ => lr_lambda), last_epoch, verbose) { }

                    public LambdaLR(Optimizer optimizer, IEnumerable<Func<int, double>> lr_lambdas, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        lambdas = OneForEachGroup(optimizer, lr_lambdas);
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => _base_lrs.Zip(lambdas, (rate, lambda) => rate * lambda(_last_epoch));
                }

                /// <summary>previous · lambda(step).</summary>
                public class MultiplicativeLR : LRScheduler
                {
                    private readonly List<Func<int, double>> lambdas;

                    public MultiplicativeLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, optimizer.ParamGroups.Select(_ => lr_lambda), last_epoch, verbose) { }

                    public MultiplicativeLR(Optimizer optimizer, IEnumerable<Func<int, double>> lr_lambdas, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        lambdas = OneForEachGroup(optimizer, lr_lambdas);
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => _last_epoch > 0 ? Rates.Zip(lambdas, (rate, lambda) => rate * lambda(_last_epoch)) : Rates;
                }

                private static List<Func<int, double>> OneForEachGroup(Optimizer optimizer, IEnumerable<Func<int, double>> lambdas)
                {
                    var list = lambdas.ToList();
                    int groups = optimizer.ParamGroups.Count();
                    return list.Count == groups ? list : throw new ArgumentException($"Expected {groups} lr_lambdas, but got {list.Count}");
                }

                /// <summary>gamma times less every step_size steps.</summary>
                public class StepLR : LRScheduler
                {
                    private readonly int size;
                    private readonly double gamma;

                    public StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        (size, this.gamma) = (step_size, gamma);
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => _last_epoch == 0 || _last_epoch % size != 0 ? Rates : Rates.Select(rate => rate * gamma);

                    protected override IEnumerable<double> get_closed_form_lr() => _base_lrs.Select(rate => rate * Math.Pow(gamma, _last_epoch / size));
                }

                /// <summary>gamma times less at each milestone; one listed twice counts twice.</summary>
                public class MultiStepLR : LRScheduler
                {
                    private readonly int[] milestones;
                    private readonly double gamma;

                    public MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        (this.milestones, this.gamma) = (milestones.ToArray(), gamma);
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        int here = milestones.Count(m => m == _last_epoch);
                        return here == 0 ? Rates : Rates.Select(rate => rate * Math.Pow(gamma, here));
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => _base_lrs.Select(rate => rate * Math.Pow(gamma, milestones.Count(m => m <= _last_epoch)));
                }

                /// <summary>gamma times less every step.</summary>
                public class ExponentialLR : LRScheduler
                {
                    private readonly double gamma;

                    public ExponentialLR(Optimizer optimizer, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        this.gamma = gamma;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => _last_epoch == 0 ? Rates : Rates.Select(rate => rate * gamma);

                    protected override IEnumerable<double> get_closed_form_lr() => _base_lrs.Select(rate => rate * Math.Pow(gamma, _last_epoch));
                }

                /// <summary>factor times the rate for total_iters steps, then the rate.</summary>
                public class ConstantLR : LRScheduler
                {
                    private readonly double factor;
                    private readonly int iterations;

                    public ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, int total_iters = 5, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        if (factor is < 0 or > 1) throw new ArgumentException("Constant multiplicative factor expected to be between 0 and 1.", nameof(factor));
                        (this.factor, iterations) = (factor, total_iters);
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                        => _last_epoch == 0 ? Rates.Select(rate => rate * factor) : _last_epoch == iterations ? Rates.Select(rate => rate * (1.0 / factor)) : Rates;

                    protected override IEnumerable<double> get_closed_form_lr() => _base_lrs.Select(rate => rate * (factor + (_last_epoch >= iterations ? 1 - factor : 0)));
                }

                /// <summary>From start_factor to end_factor times the rate in total_iters equal steps.</summary>
                public class LinearLR : LRScheduler
                {
                    private readonly double start, end;
                    private readonly int iterations;

                    public LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        if (start_factor is <= 0 or > 1) throw new ArgumentException("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.", nameof(start_factor));
                        if (end_factor is < 0 or > 1) throw new ArgumentException("Ending multiplicative factor expected to be between 0 and 1.", nameof(end_factor));
                        (start, end, iterations) = (start_factor, end_factor, total_iters);
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                        => _last_epoch == 0 ? Rates.Select(rate => rate * start)
                        : _last_epoch > iterations ? Rates
                        : Rates.Select(rate => rate * (1 + (end - start) / (iterations * start + (_last_epoch - 1) * (end - start))));

                    protected override IEnumerable<double> get_closed_form_lr()
                        => _base_lrs.Select(rate => rate * (start + (end - start) * Math.Min(iterations, _last_epoch) / iterations));
                }

                /// <summary>To zero in total_iters steps, as (1 - step/total)^power.</summary>
                public class PolynomialLR : LRScheduler
                {
                    private readonly int iterations;
                    private readonly double power;

                    public PolynomialLR(Optimizer optimizer, int total_iters = 5, double power = 1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        (iterations, this.power) = (total_iters, power);
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch == 0 || _last_epoch > iterations) return Rates;
                        double decay = Math.Pow((1.0 - (double)_last_epoch / iterations) / (1.0 - (double)(_last_epoch - 1) / iterations), power);
                        return Rates.Select(rate => rate * decay);
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => _base_lrs.Select(rate => rate * Math.Pow(1.0 - (double)Math.Min(iterations, _last_epoch) / iterations, power));
                }

                /// <summary>Half a cosine from the rate to eta_min over T_max steps, and back if steps go on.</summary>
                public class CosineAnnealingLR : LRScheduler
                {
                    private readonly double tMax, etaMin;

                    public CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        (tMax, etaMin) = (T_max, eta_min);
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch == 0) return Rates;
                        if (_step_count == 1) return _base_lrs.Select(rate => etaMin + (rate - etaMin) * (1 + Math.Cos(_last_epoch * Math.PI / tMax)) / 2);
                        if ((_last_epoch - 1 - tMax) % (2 * tMax) == 0)
                            return Rates.Zip(_base_lrs, (rate, initial) => rate + (initial - etaMin) * (1 - Math.Cos(Math.PI / tMax)) / 2);
                        return Rates.Select(rate => (1 + Math.Cos(Math.PI * _last_epoch / tMax)) / (1 + Math.Cos(Math.PI * (_last_epoch - 1) / tMax)) * (rate - etaMin) + etaMin);
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => _base_lrs.Select(rate => etaMin + (rate - etaMin) * (1 + Math.Cos(Math.PI * _last_epoch / tMax)) / 2);
                }

                /// <summary>One scheduler after another, each from its own step 0 at its milestone.</summary>
                public class SequentialLR : LRScheduler
                {
                    private readonly List<LRScheduler> schedulers;
                    private readonly List<int> milestones;

                    public SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1) : base(optimizer, last_epoch)
                    {
                        (this.schedulers, this.milestones) = (schedulers.ToList(), milestones.ToList());
                        if (this.schedulers.Any(scheduler => scheduler._optimizer != optimizer))
                            throw new ArgumentException("Sequential Schedulers expects all schedulers to belong to the same optimizer.");
                        if (this.milestones.Count != this.schedulers.Count - 1)
                            throw new ArgumentException($"Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers {this.schedulers.Count} and the number of milestones to be equal to {this.milestones.Count}");

                        // Each scheduler made its first step when it was made; that is undone, and the first alone begins again.
                        foreach (var scheduler in this.schedulers) scheduler._last_epoch--;
                        foreach (var group in optimizer.ParamGroups) group.LearningRate = group.InitialLearningRate;
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        int index = milestones.Count(m => m <= _last_epoch);
                        if (index > 0 && milestones[index - 1] == _last_epoch) schedulers[index].step(0);
                        else schedulers[index].step();
                        return schedulers[index].get_last_lr();
                    }
                }

                /// <summary>Several schedulers, all stepped together, each upon the rates the last one left.</summary>
                public class ChainedLR : LRScheduler
                {
                    private readonly List<LRScheduler> schedulers;

                    public ChainedLR(IEnumerable<LRScheduler> schedulers)
                    {
                        this.schedulers = schedulers.ToList();
                        Remember(this.schedulers[^1].get_last_lr());
                    }

                    public override void step()
                    {
                        foreach (var scheduler in schedulers) scheduler.step();
                        Remember(schedulers[^1].get_last_lr());
                    }
                }
            }
        }
    }
}
