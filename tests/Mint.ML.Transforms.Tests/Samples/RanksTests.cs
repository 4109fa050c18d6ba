using System.Diagnostics;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.RankProcesses;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Real processes under a real mpirun, against one process.</summary>
[TestClass]
public sealed class RanksTests
{
    [TestInitialize]
    public void Mpi() => RequireMpi();

    [TestMethod]
    [DataRow(2, 2, "")]
    [DataRow(4, 1, "")]
    [DataRow(2, 1, "--contrastive-batch 4")]
    [DataRow(2, 2, "--detach-gathered true --generation-weight 0")]
    [DataRow(2, 1, "--accumulation-steps 2 --max-frames 6 --contrastive-weight 0 --gradient-clip 0.5")]
    [DataRow(2, 3, "--matching-weight 0.5")]
    public void Ranks_have_the_losses_and_gradients_of_one_that_has_all_clips(int ranks, int batch, string options)
    {
        string name = $"{ranks} {batch} {options}", one = Run("one " + name), many = Run("many " + name);
        string[] others = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Alone(["pretrain", .. Pretraining(one), .. others, "--batch-size", Digits(ranks * batch)]);
        Together(ranks, ["pretrain", .. Pretraining(many), .. others, "--batch-size", Digits(batch)]);
        AssertSame(one, many);
    }

    // NCCL itself needs GPUs; this one has its C interface and adds up in the memory of the machine.
    private static readonly Lazy<string?> nccl = new(() =>
    {
        string folder = Directory.CreateDirectory(Run("nccl library")).FullName;
        string source = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "nccl", "nccl.c");
        try
        {
            using var compiler = Process.Start("gcc",
                ["-O2", "-shared", "-fPIC", "-Wl,-soname,libnccl.so.2", "-o", Path.Combine(folder, "libnccl.so.2"), source, "-lrt", "-lpthread"]);
            compiler.WaitForExit();
            Assert.AreEqual(0, compiler.ExitCode, "gcc could not compile nccl.c");
            return folder;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    });

    private static (string, string)[] Nccl(params (string, string)[] others)
    {
        if (nccl.Value is null) Assert.Inconclusive("There is no gcc.");
        return [("LD_LIBRARY_PATH", nccl.Value!), ("DOTNET_STARTUP_HOOKS", typeof(RanksTests).Assembly.Location), .. others];
    }

    [TestMethod]
    [DataRow("--contrastive-batch 4")]
    [DataRow("--accumulation-steps 2")]
    public void Tensors_that_go_by_NCCL_give_the_losses_and_gradients_of_one_process(string options)
    {
        string one = Run("one nccl " + options), many = Run("many nccl " + options);
        string[] others = options.Split(' ');
        Alone(["pretrain", .. Pretraining(one), .. others, "--batch-size", "2"]);
        string said = Together(2, ["pretrain", .. Pretraining(many), .. others, "--batch-size", "1"], variables: Nccl());
        StringAssert.Contains(said, "every rank has NCCL 2.27.5");
        StringAssert.Matches(said, new("nccl rank 0 of 2: [1-9][0-9]* sums, [1-9][0-9]* broadcasts"));
        AssertSame(one, many);
    }

    [TestMethod]
    public void Two_ranks_on_one_GPU_are_refused_with_NCCL_s_reason_and_what_to_do()
    {
        string said = Together(2, ["pretrain", .. Pretraining(Run("one gpu")), "--batch-size", "2"], code: 1, variables: Nccl(("MINT_TEST_ONE_GPU", "1")));
        StringAssert.Matches(said, new(@"NCCL could not join it with the others on rank \d .*Duplicate GPU detected.*name no number after --device cuda"));
    }

    [TestMethod]
    public void Where_NCCL_is_missing_gradients_go_by_MPI_and_one_line_says_so()
    {
        string said = Together(2, ["pretrain", .. Pretraining(Run("no nccl")), "--batch-size", "2"],
            variables: [("DOTNET_STARTUP_HOOKS", typeof(RanksTests).Assembly.Location)]);
        Assert.HasCount(2, said.Split("gradients go through the CPU's memory and MPI: rank 0 finds no libnccl.so.2"), said);
    }

    [TestMethod]
    public void Ranks_tune_as_one_does_though_their_answers_have_different_lengths()
    {
        string one = Run("tuned one"), many = Run("tuned many");
        string[] Tuning(string output) =>
        [
            "tune", "--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "ranks-cache"), "--language-model", Clips.LanguageModel,
            "--output", output,
            "--data", Clips.Manifest, "--validation", Clips.Manifest, "--epochs", "2", "--checkpoint-every", "1", "--checkpoints-kept", "99", .. Shape,
        ];
        Alone([.. Tuning(one), "--batch-size", "6"]);
        Together(2, [.. Tuning(many), "--batch-size", "3"]);
        AssertSame(one, many);
    }

    [TestMethod]
    public void A_program_with_a_pipeline_of_ML_NET_learns_on_two_ranks_what_it_learns_alone_with_batches_twice_as_large()
    {
        string[] Program(string name, int batch) => ["scenario", "ranks", Clips.Manifest, Clips.Encoder, Run(name + " frames"), Run(name), Run(name) + ".zip",
            "1", Digits(batch), "1", "1", "0"];
        Alone(Program("program one", 4));
        Together(2, Program("program two", 2));
        AssertSame(Run("program one"), Run("program two"));
        using var model = AudioLanguageModel.Load(Run("program two") + ".zip");
        Assert.HasCount(2, model.Rank(Path.Combine(Clips.Folder, "clip0.wav"), ["a flute", "an organ"]));
    }

    [TestMethod]
    public void A_run_goes_on_with_another_number_of_ranks_that_share_its_batches_and_no_other()
    {
        string whole = Run("whole"), run = Run("resumed");
        Alone(["pretrain", .. Pretraining(whole, 4), "--batch-size", "4"]);
        Together(2, ["pretrain", .. Pretraining(run, 4), "--batch-size", "2"]);
        // As if it had been killed after its third step.
        foreach (string later in Directory.GetFiles(run, "step-*").Order().Skip(3)) File.Delete(later);
        string refused = Together(4, ["pretrain", .. Pretraining(run, 4), "--batch-size", "2"], code: 1);
        StringAssert.Contains(refused, "batch-size was 4 and is 8");
        Together(4, ["pretrain", .. Pretraining(run, 4), "--batch-size", "1"]);
        Assert.HasCount(8, Directory.GetFiles(run, "step-*"));
        AssertSame(whole, run, moments: false);
    }

    [TestMethod]
    public void A_run_of_ranks_that_was_stopped_ends_bit_for_bit_where_it_would_have_dropout_included()
    {
        string whole = Run("whole ranks"), run = Run("stopped ranks");
        string[] Dropping(string output) => [.. Pretraining(output, 3)[..^4], "--batch-size", "2"];
        foreach (string output in (string[])[whole, run]) Together(2, ["pretrain", .. Dropping(output)]);
        foreach (string later in Directory.GetFiles(run, "step-*").Order().Skip(2)) File.Delete(later);
        Together(2, ["pretrain", .. Dropping(run)]);
        string last = Path.GetFileName(Directory.GetFiles(whole, "step-*").Order().Last());
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(whole, last)), File.ReadAllBytes(Path.Combine(run, last)));
    }

    [TestMethod]
    public void A_rank_that_is_killed_ends_the_others_and_leaves_a_checkpoint_to_go_on_from()
    {
        string run = Run("killed");
        string[] arguments = ["pretrain", .. Pretraining(run, 100000), "--batch-size", "2"];
        using var process = Start(2, arguments);
        var (said, told) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        Until(() => Directory.Exists(run) && Directory.GetFiles(run, "step-*.safetensors").Length >= 2 && RanksIn(run).Length == 2, process);
        Kill(RanksIn(run)[^1]);
        Assert.IsTrue(process.WaitForExit(60_000), "the others did not end");
        Assert.AreNotEqual(0, process.ExitCode);
        Until(() => RanksIn(run).Length == 0, null);
        Together(2, ["pretrain", .. Pretraining(run, 100000), "--batch-size", "2"],
            stopAfter: () => File.ReadLines(Path.Combine(run, "log.jsonl")).Count() > 6);
        // Of the launcher and the other rank, whoever sees it first.
        StringAssert.Matches(said.Result + told.Result, new("has ended without a word|KILLED BY SIGNAL: 9|EXIT CODE: 9"));
    }

    [TestMethod]
    [DataRow("missing.wav")] // on both ranks
    [DataRow("broken.wav")] // where it is encoded, which is not the first rank
    public void What_one_rank_cannot_do_is_said_once_and_ends_all(string file)
    {
        string run = Run("no sound " + file), manifest = Path.Combine(Clips.Folder, "ranks-missing.csv");
        File.WriteAllText(Path.Combine(Clips.Folder, "broken.wav"), "no sound");
        string[] lines = File.ReadAllLines(Clips.Manifest);
        lines[2] = file + lines[2][lines[2].IndexOf(',')..];
        File.WriteAllLines(manifest, lines);
        string said = Together(2, ["pretrain", manifest, .. Pretraining(run, cache: run + " frames")[1..], "--batch-size", "2"], code: 1);
        Assert.HasCount(2, said.Split(file), said);
    }

    [TestMethod]
    public void Answers_of_ranks_are_the_bytes_of_one_process_stopped_or_not()
    {
        string run = Run("answers"), folder = Directory.CreateDirectory(Run("answered")).FullName;
        Alone(["tune", "--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "ranks-cache"), "--language-model", Clips.LanguageModel,
            "--output", run,
            "--data", Clips.Manifest, "--epochs", "1", "--batch-size", "4", .. Shape]);
        string At(string name) => Path.Combine(folder, name);
        string[] Caption(string name) => ["caption", Clips.Manifest, "--model", Path.Combine(run, "model.zip"), "--batch-size", "1", "--output", At(name)];
        foreach (string kind in (string[])["jsonl", "csv"])
        {
            Alone(Caption("one." + kind));
            Together(3, Caption("many." + kind));
            CollectionAssert.AreEqual(File.ReadAllBytes(At("one." + kind)), File.ReadAllBytes(At("many." + kind)), kind);
            Assert.IsFalse(Directory.GetFiles(folder).Any(file => file.Contains(".part-")), string.Join(' ', Directory.GetFiles(folder)));
        }
        // As ranks leave it that were killed: a row in another rank's part than it will be now, and half of one.
        foreach (int ranks in (int[])[1, 2])
        {
            string name = $"stopped {ranks}.jsonl", part = At(name) + ".part-5";
            string[] rows = File.ReadAllLines(At("one.jsonl"));
            File.WriteAllText(part, rows[4] + "\n" + rows[1] + "\n" + rows[2][..7]);
            File.Copy(At("one.jsonl.settings.json"), part + ".settings.json");
            string said = ranks == 1 ? Aloud(Caption(name)) : Together(ranks, Caption(name));
            StringAssert.Contains(said, "have their rows already");
            CollectionAssert.AreEqual(File.ReadAllBytes(At("one.jsonl")), File.ReadAllBytes(At(name)));
        }
        string[] shown = [.. Caption("")[..^2], "--format", "jsonl"];
        Assert.AreEqual(Shown(Aloud(shown)), Shown(Together(2, shown)));

        static string Shown(string said) => string.Join('\n', said.Split('\n').Where(line => line.StartsWith('{')));
    }

    [TestMethod]
    public void An_index_and_an_evaluation_of_ranks_are_the_bytes_of_one_process()
    {
        string run = Run("index"), folder = Directory.CreateDirectory(Run("indexed")).FullName, recipe = Path.Combine(folder, "recipe.json");
        Alone(["pretrain", .. Pretraining(run), "--batch-size", "4"]);
        string model = Path.Combine(run, "model.zip");
        File.WriteAllText(recipe, System.Text.Json.JsonSerializer.Serialize(new
        {
            name = "found",
            task = "retrieval",
            manifest = Clips.Manifest,
            columns = (string[])["Caption"],
        }));
        foreach (string storage in (string[])["half", "int8"])
        {
            string one = Path.Combine(folder, "one " + storage), many = Path.Combine(folder, "many " + storage);
            Alone(["search", "build", one, Clips.Manifest, "--model", model, "--batch-size", "2", "--storage", storage]);
            Together(3, ["search", "build", many, Clips.Manifest, "--model", model, "--batch-size", "2", "--storage", storage]);
            CollectionAssert.AreEqual(File.ReadAllBytes(one), File.ReadAllBytes(many), storage);
        }
        string[] Evaluate(string name) => ["evaluate", recipe, "--model", model, "--batch-size", "2", "--output", Path.Combine(folder, name)];
        Alone(Evaluate("eval one"));
        Together(2, Evaluate("eval two"));
        foreach (string file in (string[])["answers.jsonl", "evaluation.json", "items.jsonl"])
        {
            string one = Path.Combine(folder, "eval one", file), two = Path.Combine(folder, "eval two", file);
            CollectionAssert.AreEqual(File.ReadAllBytes(one), File.ReadAllBytes(two), file);
        }
    }

    [TestMethod]
    public void A_wrong_option_is_told_once_and_progress_by_the_first_rank_alone()
    {
        string said = Together(2, ["pretrain", Clips.Manifest, "--learning-rate", "x"], code: 1);
        Assert.HasCount(2, said.Split("is no number"), said);
        string run = Run("progress"), answers = run + ".jsonl";
        Alone(["pretrain", .. Pretraining(run), "--batch-size", "4"]);
        string[] classify = ["classify", Clips.Manifest, "--labels", "flute,organ", "--model", Path.Combine(run, "model.zip"), "--batch-size", "3",
            "--output", answers];
        said = Together(2, classify);
        StringAssert.Contains(said, "5/5 of the first rank");
        Assert.HasCount(2, said.Split("clips/s"), said);
        StringAssert.Contains(Together(2, classify), "8 of 8 clips have their rows already");
    }

    [TestMethod]
    public void A_command_that_cannot_be_shared_says_so()
    {
        string said = Together(2, ["doctor"], code: 1);
        StringAssert.Contains(said, "only pretrain, tune");
    }
}
