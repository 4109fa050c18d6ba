using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.ExtensionsAI;

/// <summary>An <see cref="AudioLanguageModel"/> as a chat client: sound comes as <see cref="DataContent"/> ("audio/wav"), what is asked as text.</summary>
/// <example>
/// <code>
/// using IChatClient chat = new AudioChatClient(AudioLanguageModel.Load("mint.zip"));
/// var sound = await DataContent.LoadFromAsync("dog.wav");
/// Console.WriteLine(await chat.GetResponseAsync(new ChatMessage(ChatRole.User, [sound, new TextContent("What is this?")])));
/// </code>
/// </example>
/// <remarks>
/// <para>The client keeps nothing between calls: a conversation is its messages. The latest sound in them is what is asked about, so that a question may follow
/// without the sound; a sound without a question is captioned. <see cref="Instruction"/> says what becomes of earlier turns.</para>
/// <para>What a <see cref="ChatOptions"/> asks for is done, or refused by name. Several threads may call it at once.</para>
/// <para>It lives here, not in a package of its own: the abstractions have no dependencies on .NET 10, and are how a program names what it uses.</para>
/// </remarks>
public sealed class AudioChatClient : IChatClient
{
    private const string Provider = "Mint.ML";

    private readonly AudioLanguageModel model;
    private readonly bool leaveOpen;
    private readonly ChatClientMetadata metadata;
    private volatile bool disposed;

    /// <summary>A client of a model.</summary>
    /// <param name="model">What answers.</param>
    /// <param name="modelId">What it is called in metadata and responses; null for no name.</param>
    /// <param name="leaveOpen">Whether the model stays when the client is disposed of: true where several clients and generators share it.</param>
    /// <exception cref="NotSupportedException">The model does not answer in words.</exception>
    public AudioChatClient(AudioLanguageModel model, string? modelId = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Answering();
        (this.model, this.leaveOpen, metadata) = (model, leaveOpen, new(Provider, null, modelId));
    }

    /// <summary>Limits of the sounds that are taken. They are read at the encoder's rate, whatever this says of it.</summary>
    public AudioReadOptions Reading { get; init; } = AudioReadOptions.Default;

    /// <summary>
    /// Makes of a conversation what the model is asked. Null, the default, as the model was trained: MusiLingo reads all turns in its own words ("###Human: ...
    /// ###Assistant: ..."); MINT and Pengi were tuned on single instructions and read the system's text and the last question alone.
    /// </summary>
    public Func<IReadOnlyList<ChatMessage>, string>? Instruction { get; init; }

    /// <summary>Answers the last message.</summary>
    /// <param name="messages">The conversation; the last message is the user's, and one of them has a sound.</param>
    /// <param name="options">How the answer is searched for, over what the model's own pipeline did; null for that alone.</param>
    /// <param name="cancellationToken">Ends the call between two tokens.</param>
    /// <exception cref="NotSupportedException">Options or contents ask for what is not offered; the message names each.</exception>
    /// <exception cref="ArgumentException">There is no sound, or a question that is longer than the model reads.</exception>
    /// <exception cref="AudioFormatException">The sound cannot be read.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(disposed, this);
        return Task.Run(() =>
        {
            var request = Read(messages, options);
            var answer = model.AskCounted(request.Sound, request.Instruction, request.Generation, cancellationToken);
            string id = Guid.NewGuid().ToString("N");
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer.Text) { MessageId = id })
            {
                ResponseId = id,
                ModelId = metadata.DefaultModelId,
                CreatedAt = DateTimeOffset.UtcNow,
                FinishReason = Reason(answer),
                Usage = Usage(answer),
            };
        }, cancellationToken);
    }

    /// <summary>Answers the last message piece by piece: the pieces of <see cref="GetResponseAsync"/>'s answer; the last update has the usage.</summary>
    /// <remarks>With beams, or a sound of several windows, the answer is known at its end only, and is one piece.</remarks>
    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(disposed, this);
        var (request, streamed) = await Task.Run(() =>
        {
            var read = Read(messages, options);
            return (read, read.Generation is { Beams: 1, Returned: 1 } && model.WindowsOf(read.Sound) == 1);
        }, cancellationToken).ConfigureAwait(false);
        string id = Guid.NewGuid().ToString("N");
        CountedAnswer? last = null;
        if (streamed)
        {
            await foreach (var piece in model.StreamCountedAsync(request.Sound, request.Instruction, request.Generation, cancellationToken)
                .ConfigureAwait(false))
            {
                last = piece;
                if (piece.Text.Length > 0) yield return Update(new TextContent(piece.Text));
            }
        }
        else
        {
            last = await Task.Run(() => model.AskCounted(request.Sound, request.Instruction, request.Generation, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            yield return Update(new TextContent(last.Text));
        }
        var end = Update(new UsageContent(Usage(last!)));
        end.FinishReason = Reason(last!);
        yield return end;

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
        };
    }

    /// <summary>This client, its <see cref="ChatClientMetadata"/>, or its <see cref="AudioLanguageModel"/>; null for other types, and with a key.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType.IsInstanceOfType(this) ? this
            : serviceType == typeof(ChatClientMetadata) ? metadata : serviceType == typeof(AudioLanguageModel) ? model : null;
    }

    /// <summary>Later calls are an <see cref="ObjectDisposedException"/>. The model goes too, once its answers have ended, unless it was to stay.</summary>
    public void Dispose()
    {
        disposed = true;
        if (!leaveOpen) model.Dispose();
    }

    private ChatRequest Read(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var generation = ChatRequest.Options(options, model.Defaults.Generation, metadata.DefaultModelId, this);
        return ChatRequest.Read([.. messages], options?.Instructions, generation, Instruction, model,
            Reading with { SampleRate = model.Encoder.SampleRate });
    }

    private static ChatFinishReason Reason(CountedAnswer answer) => answer.Complete ? ChatFinishReason.Stop : ChatFinishReason.Length;

    private static UsageDetails Usage(CountedAnswer answer) => new()
    {
        InputTokenCount = answer.Read,
        OutputTokenCount = answer.Said,
        TotalTokenCount = answer.Read + answer.Said,
    };
}
