using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Systems;
using Mint.ML.Text;

namespace Mint.ML.ExtensionsAI;

/// <summary>What a conversation and its options come down to: one sound, one instruction, and how the answer is searched for.</summary>
internal sealed record ChatRequest(AudioClip Sound, string Instruction, GenerationOptions Generation)
{
    /// <summary>Reads a conversation.</summary>
    /// <param name="messages">The turns.</param>
    /// <param name="instructions">Of the options: the system's text of this call.</param>
    /// <param name="generation">From <see cref="Options(ChatOptions?, GenerationOptions, string?, IChatClient)"/>.</param>
    /// <param name="compose">The caller's own way to make an instruction of the turns; null for the model's.</param>
    /// <param name="model">What answers.</param>
    /// <param name="reading">Limits of the sound.</param>
    public static ChatRequest Read(IReadOnlyList<ChatMessage> messages, string? instructions, GenerationOptions generation,
        Func<IReadOnlyList<ChatMessage>, string>? compose, AudioLanguageModel model, AudioReadOptions reading)
    {
        if (messages.Count == 0 || messages[^1].Role != ChatRole.User)
            throw new ArgumentException("The last message is not the user's: there is nothing to answer.", nameof(messages));
        foreach (var message in messages) Check(message);
        var sound = messages.LastOrDefault(message => message.Contents.Any(content => content is DataContent))?.Contents.OfType<DataContent>().Single()
            ?? throw new ArgumentException("No message has a sound: put a DataContent of audio/wav, or another audio type, into one.", nameof(messages));

        if (instructions is { Length: > 0 }) messages = [new(ChatRole.System, instructions), .. messages];
        string asked = compose is not null ? compose(messages) : Compose(messages, model);
        if (model.Answering().UnreadTokens(asked) is > 0 and var unread)
            throw TextTensors.TooLong("What is asked, with the system's text,", unread, asked);

        using var bytes = new MemoryStream(sound.Data.ToArray(), writable: false);
        return new(AudioFile.Read(bytes, sound.Name ?? "The sound", reading), asked, generation);
    }

    /// <summary>How an answer is searched for: the model's own way, with what the options say changed.</summary>
    /// <param name="options">Null changes nothing.</param>
    /// <param name="own">The model's own way.</param>
    /// <param name="modelId">The only model there is.</param>
    /// <param name="client">For the caller's factory of <see cref="GenerationOptions"/>.</param>
    /// <exception cref="NotSupportedException">They ask for what is not offered.</exception>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public static GenerationOptions Options(ChatOptions? options, GenerationOptions own, string? modelId, IChatClient client)
    {
        if (options is null) return own;
        object? raw = options.RawRepresentationFactory?.Invoke(client);
        Refuse(options, raw, modelId);
        var generation = raw as GenerationOptions ?? own;
        // Temperature 0 asks for the likeliest token each time, as elsewhere; any other number of these asks for draws, which beams do not make.
        if (options.Temperature == 0)
        {
            generation = generation with { Sample = false, Temperature = 1, TopK = 0, TopP = 1 };
        }
        else if (options.Temperature is not null || options.TopP is not null || options.TopK is not null)
        {
            generation = generation with
            {
                Sample = true,
                Beams = 1,
                Temperature = Number(options.Temperature) ?? generation.Temperature,
                TopP = Number(options.TopP) ?? generation.TopP,
                TopK = options.TopK ?? generation.TopK,
            };
        }
        generation = generation with
        {
            MaxTokens = options.MaxOutputTokens ?? generation.MaxTokens,
            Seed = options.Seed ?? generation.Seed,
            StopStrings = [.. generation.StopStrings, .. options.StopSequences ?? []],
        };
        generation.Validate();
        return generation;
    }

    private static void Refuse(ChatOptions options, object? raw, string? modelId)
    {
        List<string> refused = [];
        void Offer(bool offered, string what)
        {
            if (!offered) refused.Add($"ChatOptions.{what}");
        }
        Offer(options.ModelId is null || options.ModelId == modelId, $"{nameof(options.ModelId)} (this model is {modelId ?? "without a name"})");
        Offer(options.ConversationId is null, $"{nameof(options.ConversationId)} (nothing is kept between calls: send the whole conversation)");
        Offer(options.FrequencyPenalty is null or 0, $"{nameof(options.FrequencyPenalty)} (GenerationOptions.RepetitionPenalty is the like)");
        Offer(options.PresencePenalty is null or 0, $"{nameof(options.PresencePenalty)} (GenerationOptions.RepetitionPenalty is the like)");
        Offer(options.ResponseFormat is null or ChatResponseFormatText, $"{nameof(options.ResponseFormat)} (answers are plain text)");
        Offer(options.Tools is null or [], $"{nameof(options.Tools)} (the model calls none)");
        Offer(options.ToolMode is null or AutoChatToolMode or NoneChatToolMode, $"{nameof(options.ToolMode)} (the model calls no tools)");
        Offer(options.Reasoning is null, $"{nameof(options.Reasoning)} (the model does not reason before it answers)");
        Offer(raw is null or GenerationOptions, $"{nameof(options.RawRepresentationFactory)} (it made a {raw?.GetType().Name}; GenerationOptions are taken)");
        Offer(options.Temperature != 0 || (options.TopP ?? 1) == 1 && (options.TopK ?? 0) == 0,
            $"{nameof(options.TopP)} and {nameof(options.TopK)} beside a temperature of 0 (which draws nothing)");
#pragma warning disable MEAI001 // marked as experimental; a caller who sets it must be told
        Offer(options.ContinuationToken is null, $"{nameof(options.ContinuationToken)} (answers are not made in the background)");
#pragma warning restore MEAI001
        foreach (string key in options.AdditionalProperties?.Keys ?? Enumerable.Empty<string>())
            Offer(false, $"{nameof(options.AdditionalProperties)}[\"{key}\"] (RawRepresentationFactory may make GenerationOptions)");
        if (refused.Count > 0) throw new NotSupportedException($"Not offered by Mint.ML: {string.Join("; ", refused)}.");
    }

    private static void Check(ChatMessage message)
    {
        if (message.Role != ChatRole.User && message.Role != ChatRole.Assistant && message.Role != ChatRole.System)
            throw new NotSupportedException($"A message of the role '{message.Role}' is not offered by Mint.ML: system, user and assistant are.");
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent or UsageContent:
                    break;
                case DataContent data when message.Role != ChatRole.User || !IsSound(data):
                    throw new NotSupportedException($"A {data.MediaType} in a message of the {message.Role} is not offered by Mint.ML: the user gives sound, "
                        + "audio/wav or another audio type.");
                case DataContent:
                    break;
                default:
                    throw new NotSupportedException($"A {content.GetType().Name} is not offered by Mint.ML: text and DataContent of an audio type are.");
            }
        }
        if (message.Contents.Count(content => content is DataContent) > 1)
            throw new NotSupportedException("Several sounds in one message are not offered by Mint.ML: a question is about one sound.");
    }

    // The field's name for Ogg files of any kind stands outside audio/.
    private static bool IsSound(DataContent data) => data.HasTopLevelMediaType("audio") || data.MediaType == "application/ogg";

    private static string Compose(IReadOnlyList<ChatMessage> messages, AudioLanguageModel model)
    {
        var turns = messages.Where(message => message.Role != ChatRole.System).Select(message => (message.Role, Text: message.Text.Trim())).ToList();
        if (turns[^1].Text.Length == 0) turns[^1] = (ChatRole.User, model.Defaults.CaptionInstruction);
        // Between the opening and the end of its prompt that MusiLingo writes itself.
        string asked = model.System is MusiLingo
            ? string.Concat(turns.Where(turn => turn.Text.Length > 0).Select((turn, i) =>
                i == 0 ? turn.Text : turn.Role == ChatRole.User ? $" ###Human: {turn.Text}" : $" ###Assistant: {turn.Text}"))
            : turns[^1].Text;
        return string.Join(' ', messages.Where(message => message.Role == ChatRole.System).Select(message => message.Text.Trim())
            .Where(text => text.Length > 0).Append(asked));
    }

    // 0.9f is meant as 0.9, not as 0.89999998.
    private static double? Number(float? value) => value is { } number && Math.Abs(number) < 1e6f ? (double)(decimal)number : value;
}
