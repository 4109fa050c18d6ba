using System.CommandLine;
using System.Net;
using System.Text;
using Microsoft.Extensions.AI;
using Mint.ML.ExtensionsAI;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Training.Data;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Serving;

/// <summary>Questions and answers of captions, by a chat model that answers from a script.</summary>
[TestClass]
public sealed class QuestionBuilderTests
{
    private static string Prompts => Path.Combine(TinyModels.Repository(), "recipes", "musilingo", "questions-short");

    [TestMethod]
    public async Task Pairs_are_read_from_replies_checked_and_written_as_data_to_train_on()
    {
        var (manifest, output) = Place("read", "a slow piano piece", "a fast drum loop");
        using var client = new Script(text => text.Contains("Reply with one word", StringComparison.Ordinal)
            ? text.Contains("An answer: It is fast.", StringComparison.Ordinal) && text.Contains("slow", StringComparison.Ordinal) ? "No, it is slow." : "Yes."
            : "Here you are.\n1. Q: Which instrument plays?\nA: A piano\n plays.\n\nQ: How fast is it?\nA: It is fast.\n"
                + "Q: Which instrument plays?\nA: A piano again.\nQ: And?\nA: and?\nQ:\nA: nothing was asked");
        var report = await new QuestionBuilder(client, QuestionPrompts.Read(Prompts)).BuildAsync(manifest, "Caption", output);
        Assert.AreEqual(new QuestionReport(2, 3, 1, 4, 0), report, "of each clip a doubled question and an echo; of the slow one an untrue answer");
        var (files, _, mix) = InstructionData.Read([new InstructionData(output, null)]);
        Assert.HasCount(2, files);
        CollectionAssert.AreEqual(new[] { "Which instrument plays? A piano plays.", "Which instrument plays? A piano plays.", "How fast is it? It is fast." },
            mix.Examples.Select(example => $"{example.Instruction} {example.Response}").ToArray());
        // The prompt has its three parts: the task as a system message, examples, and the query with the caption.
        var first = client.Asked[0];
        Assert.AreEqual(ChatRole.System, first[0].Role);
        StringAssert.StartsWith(first[0].Text, "You write questions");
        StringAssert.Contains(first[1].Text, "Q: What is the mood of the piece?");
        StringAssert.Contains(first[1].Text, "a slow piano piece");
    }

    [TestMethod]
    public async Task A_run_that_was_broken_off_asks_only_for_what_is_missing_and_ends_as_one_that_was_not()
    {
        string Answer(string text) => text.Contains("one word", StringComparison.Ordinal) ? "yes" : $"Q: What is it?\nA: It is number {text[^1]}.";
        var (manifest, whole) = Place("resumed", "piece 1", "piece 2", "piece 3");
        using (var client = new Script(Answer)) await new QuestionBuilder(client, QuestionPrompts.Read(Prompts)).BuildAsync(manifest, "Caption", whole);
        string halves = whole.Replace("questions", "halves", StringComparison.Ordinal);
        using var broken = new Script(text => text.EndsWith("piece 2", StringComparison.Ordinal) ? throw new HttpRequestException("gone") : Answer(text));
        await Assert.ThrowsExactlyAsync<HttpRequestException>(() => new QuestionBuilder(broken, QuestionPrompts.Read(Prompts))
            .BuildAsync(manifest, "Caption", halves));
        Assert.IsFalse(File.Exists(halves), "nothing is written in part");
        File.AppendAllText(halves + ".asked.jsonl", "{\"key\": \"ha"); // as a killed process leaves it
        using var second = new Script(Answer);
        await new QuestionBuilder(second, QuestionPrompts.Read(Prompts)).BuildAsync(manifest, "Caption", halves);
        Assert.HasCount(4, second.Asked, "two captions, a question and a check each");
        Assert.AreEqual(File.ReadAllText(whole), File.ReadAllText(halves));
    }

    [TestMethod]
    public async Task An_answer_far_longer_than_all_others_is_left_out()
    {
        var (manifest, output) = Place("outliers", [.. Enumerable.Range(0, 20).Select(i => $"piece {i}")]);
        using var client = new Script(text => text.Contains("one word", StringComparison.Ordinal) ? "yes"
            : $"Q: What is number {text.Split(' ')[^1]}?\nA: "
                + (text.EndsWith("piece 7", StringComparison.Ordinal) ? string.Concat(Enumerable.Repeat("la ", 400)) : "It is a short piece."));
        var report = await new QuestionBuilder(client, QuestionPrompts.Read(Prompts)).BuildAsync(manifest, "Caption", output);
        Assert.AreEqual(new QuestionReport(20, 19, 0, 1, 0), report);
        Assert.IsFalse(File.ReadAllText(output).Contains("la la", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Prompts_without_their_places_and_manifests_without_the_column_are_named()
    {
        var (manifest, output) = Place("bad", "x");
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(manifest)!, "prompts")).FullName;
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => QuestionPrompts.Read(folder)).Message, "no task.txt");
        foreach (string name in (string[])["task.txt", "examples.txt", "query.txt", "check.txt"]) File.WriteAllText(Path.Combine(folder, name), "words");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => QuestionPrompts.Read(folder)).Message, "{caption}");
        using var client = new Script(_ => "");
        var builder = new QuestionBuilder(client, QuestionPrompts.Read(Prompts));
        var error = Assert.ThrowsExactly<AggregateException>(() => builder.BuildAsync(manifest, "Words", output).Wait());
        StringAssert.Contains(error.InnerException!.Message, "no column 'Words'");
    }

    [TestMethod]
    public async Task The_command_asks_an_endpoint_and_says_what_it_left_out()
    {
        var (manifest, output) = Place("command", "piece 1");
        using var listener = new HttpListener();
        int port = Random.Shared.Next(20000, 40000);
        listener.Prefixes.Add($"http://127.0.0.1:{port}/v1/");
        listener.Start();
        var serving = Task.Run(async () =>
        {
            for (int i = 0; i < 2; i++)
            {
                var context = await listener.GetContextAsync();
                Assert.AreEqual("/v1/chat/completions", context.Request.Url!.AbsolutePath);
                string text = i == 0 ? "Q: What?\\nA: That." : "yes";
                byte[] reply = Encoding.UTF8.GetBytes($$$"""{"choices": [{"message": {"role": "assistant", "content": "{{{text}}}"}}]}""");
                context.Response.OutputStream.Write(reply);
                context.Response.Close();
            }
        });
        Assert.AreEqual(0, DataCommand.Create().Parse(["questions", manifest, output, "--prompts", Prompts, "--endpoint", $"http://127.0.0.1:{port}/v1",
            "--chat-model", "any"]).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
        await serving;
        StringAssert.Contains(File.ReadAllText(output), "\"Response\":\"That.\"");
        var open = DataCommand.Create().Parse(["questions", manifest, output, "--prompts", Prompts, "--endpoint", "http://example.org/v1", "--chat-model",
            "any"]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => open.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }))
            .Message, "https");
    }

    private static (string Manifest, string Output) Place(string name, params string[] captions)
    {
        string clips = EightClips.Shared.Folder, folder = Directory.CreateDirectory(Path.Combine(clips, "questions", name)).FullName;
        string manifest = Path.Combine(folder, "captions.csv");
        File.WriteAllLines(manifest, ["Path,Caption", .. captions.Select((caption, i) => $"{Path.Combine(clips, $"clip{i % 8}.wav")},{caption}")]);
        return (manifest, Path.Combine(folder, "questions.jsonl"));
    }

    private sealed class Script(Func<string, string> answer) : IChatClient
    {
        public List<List<ChatMessage>> Asked { get; } = [];

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            Asked.Add([.. messages]);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer(Asked[^1][^1].Text))));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // It holds nothing.
        }
    }
}
