// One benchmark a file; each is called by bench/<name>/run.sh, which also runs its reference.
return args switch
{
    ["engine-time", .. var rest] => EngineTime.Run(rest),
    ["engine-memory", .. var rest] => EngineMemory.Run(rest),
    ["train", var threads, var captions] => TrainBench.Run(threads, captions, recompute: false),
    ["train", var threads, var captions, "recompute"] => TrainBench.Run(threads, captions, recompute: true),
    ["gradcache", var contrasted] => GradCacheBench.Run(contrasted),
    ["cache", var clips, var folder, var threads] => CacheBench.Run(clips, folder, threads),
    ["load-make", var folder, var bytes] => LoadBench.Make(folder, bytes),
    ["load-memory", var folder] => LoadBench.Memory(folder),
    ["load-time", var folder] => LoadBench.Time(folder),
    ["load-map", var folder] => LoadBench.Map(folder),
    ["rank", var threads, .. var type] => AnswerBench.Rank(threads, type.FirstOrDefault("float32")),
    ["generate", var threads, var family, .. var type] => AnswerBench.Generate(threads, family, type.FirstOrDefault("float32")),
    ["answer-make", var folder, var config] => AnswerBench.Make(folder, config),
    ["narrow", var folder, var manifest, var prompt, var column] => NarrowBench.Run(folder, manifest, prompt, column),
    ["gpu-stage1", var device, var clips, var steps, .. var how] => GpuBench.AlignmentSteps(device, clips, steps, how),
    ["gpu-stage2", var device, var folder, var clips, var steps, .. var how] => GpuBench.InstructionSteps(device, folder, clips, steps, how),
    ["gpu-generate", var device, var folder, var prompts, var beams, var type] => GpuBench.Generate(device, folder, prompts, beams, type),
    ["search-make", var folder, var clips] => SearchBench.Make(folder, clips),
    ["search", var folder, var kind] => SearchBench.Run(folder, kind),
    ["server", var clients, var seconds, var uploads, var model, .. var options] => ServerBench.Run(clients, seconds, uploads, model, options),
    ["pipeline", var rows, var rounds] => PipelineBench.Run(rows, rounds),
    ["probe", var manifest, .. var encoders] => ProbeBench.Run(manifest, encoders),
    ["world", var model, .. var rest] => WorldBench.Run(model, rest),
    ["count", var model, var manifest, .. var folds] => CountBench.Run(model, manifest, folds),
    ["growth", var predictions] => GrowthBench.Run(predictions),
    ["stress", var predictions, var steps, var state] => StressBench.Run(predictions, steps, state),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: mint-bench engine-time | engine-memory [STEPS] | train THREADS LENGTH,LENGTH,... [recompute] | gradcache CLIPS | cache "
        + "CLIPS FOLDER THREADS | load-make FOLDER BYTES | load-memory FOLDER | load-time FOLDER | load-map FOLDER | "
        + "rank THREADS [TYPE] | generate THREADS t5|gpt2|llama [TYPE] | "
        + "gpu-stage1 DEVICE CLIPS STEPS [bfloat16] [recompute] | gpu-stage2 DEVICE FOLDER CLIPS STEPS [bfloat16] [recompute] | "
        + "gpu-generate DEVICE FOLDER PROMPTS BEAMS TYPE | "
        + "narrow FOLDER MANIFEST PROMPT COLUMN | "
        + "search-make FOLDER CLIPS | search FOLDER | server CLIENTS SECONDS UPLOADS MODEL [OPTIONS] | "
        + "pipeline ROWS ROUNDS | probe MANIFEST FOLDER... | "
        + "world MODEL [--teacher FOLDER] [--output FILE] [--encoder FOLDER] MANIFEST... | count MODEL MANIFEST FOLD... | growth PREDICTIONS | "
        + "stress PREDICTIONS STEPS STATE_FILE   (./mint bench NAME runs them)");
    return 2;
}
