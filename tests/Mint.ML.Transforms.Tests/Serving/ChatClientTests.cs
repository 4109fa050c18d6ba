using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.ExtensionsAI;
using Mint.ML.Generation;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Serving;

[TestClass]
public sealed class ChatClientTests
{
    private static readonly GenerationOptions Own = new() { MaxTokens = 9, MinTokens = 4 };

    // Kept by the class: clients are made with leaveOpen.
    private static readonly Lazy<AudioLanguageModel> Loaded = new(() =>
    {
        string path = Path.Combine(EightClips.Shared.Folder, "chat.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return AudioLanguageModel.Load(path);
    });

    private static AudioLanguageModel Model => Loaded.Value;

    private static string Clip(int number) => Path.Combine(EightClips.Shared.Folder, $"clip{number}.wav");

    private static DataContent Sound(int number) => new(File.ReadAllBytes(Clip(number)), "audio/wav");

    private static AudioChatClient Client() => new(Model, "tiny", leaveOpen: true);

    private static ChatMessage User(params AIContent[] contents) => new(ChatRole.User, contents);

    private static ChatOptions Likely(int tokens = 9) => new() { MaxOutputTokens = tokens, RawRepresentationFactory = _ => Own };

    [TestMethod]
    public async Task A_sound_and_a_question_have_the_models_own_answer_with_its_counts()
    {
        using var chat = Client();
        var response = await chat.GetResponseAsync([User(Sound(2), new TextContent("This is a sound of"))], Likely());
        Assert.AreEqual(Model.Ask(Clip(2), "This is a sound of", Own), response.Text);
        Assert.AreEqual(ChatRole.Assistant, response.Messages.Single().Role);
        Assert.AreEqual("tiny", response.ModelId);
        var tokenizer = Model.System!.Tokenizer;
        // Of this MINT: three queries, and the instruction with its end.
        Assert.AreEqual(3 + tokenizer.Encode("This is a sound of").Length, response.Usage!.InputTokenCount);
        Assert.IsTrue(response.Usage.OutputTokenCount is >= 4 and <= 9, $"{response.Usage.OutputTokenCount}");
        Assert.AreEqual(response.Usage.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
    }

    [TestMethod]
    public async Task An_answer_that_the_longest_length_cuts_says_so()
    {
        using var chat = Client();
        var options = new ChatOptions { RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 3, MinTokens = 3 } };
        var response = await chat.GetResponseAsync([User(Sound(2), new TextContent("This is a sound of"))], options);
        Assert.AreEqual(ChatFinishReason.Length, response.FinishReason);
        Assert.AreEqual(3, response.Usage!.OutputTokenCount);
        var whole = await chat.GetResponseAsync([User(Sound(2), new TextContent("This is a sound of"))],
            new() { RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 200 } });
        Assert.AreEqual(whole.Usage!.OutputTokenCount < 200 ? ChatFinishReason.Stop : ChatFinishReason.Length, whole.FinishReason);
    }

    [TestMethod]
    public async Task Streamed_pieces_are_the_answer_and_the_last_update_has_its_counts()
    {
        using var chat = Client();
        foreach (int clip in Enumerable.Range(0, 8))
        {
            List<ChatMessage> asked = [User(Sound(clip), new TextContent("This is a sound of"))];
            var whole = await chat.GetResponseAsync(asked, Likely());
            List<ChatResponseUpdate> updates = [];
            await foreach (var update in chat.GetStreamingResponseAsync(asked, Likely())) updates.Add(update);
            Assert.AreEqual(whole.Text, string.Concat(updates.Select(update => update.Text)));
            var together = updates.ToChatResponse();
            Assert.AreEqual(whole.FinishReason, together.FinishReason);
            Assert.AreEqual(whole.Usage!.OutputTokenCount, together.Usage!.OutputTokenCount);
            Assert.AreEqual(whole.Usage.InputTokenCount, together.Usage.InputTokenCount);
            Assert.HasCount(1, together.Messages);
        }
    }

    [TestMethod]
    public async Task A_stop_string_is_never_told_not_even_its_beginning()
    {
        using var chat = Client();
        List<ChatMessage> asked = [User(Sound(1), new TextContent("Generate audio caption:"))];
        var long30 = new ChatOptions { RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 30, MinTokens = 20 } };
        string all = (await chat.GetResponseAsync(asked, long30)).Text;
        Assert.IsGreaterThan(8, all.Length, all);
        // At many places: in some of them the stop string begins in one token and ends in another.
        for (int at = 1; at < all.Length - 5; at += 3)
        {
            string stop = all.Substring(at, 5);
            long30.StopSequences = [stop];
            var whole = await chat.GetResponseAsync(asked, long30);
            Assert.AreEqual(all[..all.IndexOf(stop, StringComparison.Ordinal)].Trim(), whole.Text, stop);
            Assert.AreEqual(ChatFinishReason.Stop, whole.FinishReason);
            string streamed = "";
            await foreach (var update in chat.GetStreamingResponseAsync(asked, long30)) streamed += update.Text;
            Assert.AreEqual(whole.Text, streamed, stop);
        }
    }

    [TestMethod]
    public async Task A_later_question_is_about_the_latest_sound()
    {
        using var chat = Client();
        List<ChatMessage> turns = [User(Sound(0), new TextContent("Generate audio caption:"))];
        turns.AddMessages(await chat.GetResponseAsync(turns, Likely()));
        turns.Add(User(new TextContent("This is a sound of")));
        Assert.AreEqual(Model.Ask(Clip(0), "This is a sound of", Own), (await chat.GetResponseAsync(turns, Likely())).Text);
        turns.Add(new(ChatRole.Assistant, "flute"));
        turns.Add(User(Sound(7)));
        Assert.AreEqual(Model.Ask(Clip(7), Model.Defaults.CaptionInstruction, Own), (await chat.GetResponseAsync(turns, Likely())).Text,
            "a sound alone is captioned");
    }

    [TestMethod]
    public async Task The_systems_text_and_the_options_instructions_stand_before_the_question()
    {
        using var chat = Client();
        var options = Likely();
        options.Instructions = "a flute";
        List<ChatMessage> turns = [new(ChatRole.System, "plays note"), User(Sound(3), new TextContent("This is a sound of"))];
        Assert.AreEqual(Model.Ask(Clip(3), "a flute plays note This is a sound of", Own), (await chat.GetResponseAsync(turns, options)).Text);
    }

    [TestMethod]
    public async Task A_program_may_say_what_becomes_of_earlier_turns()
    {
        using var chat = new AudioChatClient(Model, leaveOpen: true) { Instruction = turns => string.Join(' ', turns.Select(turn => turn.Text)) };
        List<ChatMessage> turns = [User(Sound(3), new TextContent("a flute")), new(ChatRole.Assistant, "plays"), User(new TextContent("note"))];
        Assert.AreEqual(Model.Ask(Clip(3), "a flute plays note", Own), (await chat.GetResponseAsync(turns, Likely())).Text);
    }

    [TestMethod]
    public async Task Options_of_sampling_are_those_of_generation()
    {
        using var chat = Client();
        foreach (long seed in (long[])[1, 2, 3])
        {
            var options = Likely();
            (options.Temperature, options.TopP, options.TopK, options.Seed) = (0.9f, 0.95f, 20, seed);
            var expected = Own with { Sample = true, Temperature = 0.9, TopP = 0.95, TopK = 20, Seed = seed };
            Assert.AreEqual(Model.Ask(Clip(4), "This is a sound of", expected),
                (await chat.GetResponseAsync([User(Sound(4), new TextContent("This is a sound of"))], options)).Text);
        }
        var likeliest = Likely();
        likeliest.Temperature = 0;
        Assert.AreEqual(Model.Ask(Clip(4), "This is a sound of", Own),
            (await chat.GetResponseAsync([User(Sound(4), new TextContent("This is a sound of"))], likeliest)).Text);
    }

    [TestMethod]
    public async Task Beams_stream_as_one_piece_with_the_answer_of_beams()
    {
        using var chat = Client();
        var options = new ChatOptions { RawRepresentationFactory = _ => Own with { Beams = 3 } };
        List<string> pieces = [];
        await foreach (var update in chat.GetStreamingResponseAsync([User(Sound(2), new TextContent("This is a sound of"))], options)) pieces.Add(update.Text);
        Assert.AreEqual(Model.Ask(Clip(2), "This is a sound of", Own with { Beams = 3 }), string.Concat(pieces));
    }

    [TestMethod]
    public async Task What_options_ask_for_and_the_model_does_not_do_is_refused_by_name()
    {
        using var chat = Client();
        (string Name, Action<ChatOptions> Set)[] refused =
        [
            ("ModelId", o => o.ModelId = "another"),
            ("ConversationId", o => o.ConversationId = "7"),
            ("FrequencyPenalty", o => o.FrequencyPenalty = 0.5f),
            ("PresencePenalty", o => o.PresencePenalty = 0.5f),
            ("ResponseFormat", o => o.ResponseFormat = ChatResponseFormat.Json),
            ("Tools", o => o.Tools = [AIFunctionFactory.Create(() => 1, "one")]),
            ("ToolMode", o => o.ToolMode = ChatToolMode.RequireAny),
            ("Reasoning", o => o.Reasoning = new()),
            ("RawRepresentationFactory", o => o.RawRepresentationFactory = _ => "options"),
            ("AdditionalProperties[\"beams\"]", o => o.AdditionalProperties = new() { ["beams"] = 3 }),
            ("TopP and TopK", o => (o.Temperature, o.TopK) = (0, 4)),
        ];
        foreach (var (name, set) in refused)
        {
            var options = new ChatOptions();
            set(options);
            var error = await Assert.ThrowsExactlyAsync<NotSupportedException>(() => chat.GetResponseAsync([User(Sound(0))], options), name);
            Assert.Contains($"ChatOptions.{name}", error.Message);
        }
        // Every property is honoured, refused, or asks for nothing here: one of a later version of the abstractions fails this.
        string[] known = [.. refused.Select(one => one.Name.Split('[')[0]), "Temperature", "TopP", "TopK", "Seed", "MaxOutputTokens", "StopSequences",
            "Instructions", "AllowMultipleToolCalls", "AllowBackgroundResponses", "ContinuationToken"];
        CollectionAssert.AreEqual(Array.Empty<string>(), typeof(ChatOptions).GetProperties().Select(property => property.Name).Except(known).ToArray());
        var range = await Assert.ThrowsExactlyAsync<ArgumentException>(() => chat.GetResponseAsync([User(Sound(0))], new() { MaxOutputTokens = -1, TopP = 2 }));
        Assert.Contains("MaxTokens is -1", range.Message);
        Assert.Contains("TopP is 2", range.Message);
    }

    [TestMethod]
    public async Task What_a_conversation_holds_and_the_model_does_not_hear_is_refused_by_name()
    {
        using var chat = Client();
        await Refused<ArgumentException>("No message has a sound", User(new TextContent("What is this?")));
        await Refused<ArgumentException>("not the user's", User(Sound(0)), new(ChatRole.Assistant, "a flute"));
        await Refused<ArgumentException>("not the user's");
        await Refused<NotSupportedException>("image/png", User(Sound(0), new DataContent(new byte[] { 1 }, "image/png")));
        await Refused<NotSupportedException>("UriContent", User(Sound(0), new UriContent("file:///etc/passwd", "audio/wav")));
        await Refused<NotSupportedException>("FunctionCallContent", User(Sound(0)), new(ChatRole.Assistant, [new FunctionCallContent("1", "one")]),
            User(new TextContent("and?")));
        await Refused<NotSupportedException>("role 'tool'", User(Sound(0)), new(ChatRole.Tool, "1"), User(new TextContent("and?")));
        await Refused<NotSupportedException>("Several sounds", User(Sound(0), Sound(1)));
        await Refused<ArgumentException>("longer than the model reads", User(Sound(0), new TextContent(string.Join(' ', Enumerable.Repeat("flute", 60)))));
        await Refused<AudioFormatException>("The sound", User(new DataContent(new byte[] { 1, 2, 3 }, "audio/wav")));

        async Task Refused<TError>(string message, params ChatMessage[] messages) where TError : Exception
        {
            var error = await Assert.ThrowsExactlyAsync<TError>(() => chat.GetResponseAsync(messages), message);
            Assert.Contains(message, error.Message);
            await Assert.ThrowsExactlyAsync<TError>(async () =>
            {
                await foreach (var _ in chat.GetStreamingResponseAsync(messages)) { }
            }, message);
        }
    }

    [TestMethod]
    public async Task A_cancelled_call_ends_between_tokens_and_the_client_answers_on()
    {
        using var chat = Client();
        using var stop = new CancellationTokenSource();
        var options = new ChatOptions { RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 30, MinTokens = 30 } };
        int pieces = 0;
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in chat.GetStreamingResponseAsync([User(Sound(2), new TextContent("This is a sound of"))], options, stop.Token))
            {
                pieces++;
                stop.Cancel();
            }
        });
        Assert.AreEqual(1, pieces);
        await Assert.ThrowsAsync<OperationCanceledException>(() => chat.GetResponseAsync([User(Sound(2))], cancellationToken: stop.Token));
        Assert.AreEqual(Model.Caption(Clip(2)), (await chat.GetResponseAsync([User(Sound(2))])).Text);
    }

    [TestMethod]
    public void Services_are_the_client_its_metadata_and_its_model()
    {
        using var chat = Client();
        Assert.AreSame(chat, chat.GetService<IChatClient>());
        Assert.AreSame(chat, chat.GetService<AudioChatClient>());
        Assert.AreSame(Model, chat.GetService<AudioLanguageModel>());
        var metadata = chat.GetService<ChatClientMetadata>()!;
        Assert.AreEqual(("Mint.ML", "tiny"), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.IsNull(chat.GetService(typeof(string)));
        Assert.IsNull(chat.GetService(typeof(IChatClient), "key"));
    }

    [TestMethod]
    public async Task A_disposed_client_refuses_and_takes_its_model_along_unless_told_otherwise()
    {
        string path = Path.Combine(EightClips.Shared.Folder, "chat.zip");
        _ = Model; // which writes it
        using var kept = AudioLanguageModel.Load(path);
        var sharing = new AudioChatClient(kept, leaveOpen: true);
        sharing.Dispose();
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => sharing.GetResponseAsync([User(Sound(0))]));
        Assert.AreEqual(Model.Caption(Clip(0)), kept.Caption(Clip(0)));
        new AudioChatClient(kept).Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => kept.Caption(Clip(0)));
    }

    [TestMethod]
    public async Task Many_at_once_are_answered_as_one_by_one()
    {
        using var chat = Client();
        string[] alone = [.. Enumerable.Range(0, 8).Select(clip => Model.Caption(Clip(clip)))];
        string[] together = await Task.WhenAll(Enumerable.Range(0, 64).Select(async i => (await chat.GetResponseAsync([User(Sound(i % 8))])).Text));
        for (int i = 0; i < together.Length; i++) Assert.AreEqual(alone[i % 8], together[i]);
    }
}
