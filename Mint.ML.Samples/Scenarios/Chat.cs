using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Mint.ML.ExtensionsAI;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A model by the abstractions of Microsoft.Extensions.AI: a chat about a sound, and vectors of a text and a sound.</summary>
internal static class Chat
{
    public static async Task Run(string model = "mint.zip", string sound = "dog.wav")
    {
        #region chat
        using var mint = AudioLanguageModel.Load(model);
        var file = await DataContent.LoadFromAsync(sound);

        using IChatClient chat = new AudioChatClient(mint, leaveOpen: true);
        List<ChatMessage> turns = [new(ChatRole.User, [file, new TextContent("What happens?")])];
        var first = await chat.GetResponseAsync(turns, new() { MaxOutputTokens = 20 });
        Console.WriteLine($"{first.Text} ({first.Usage!.OutputTokenCount} tokens, {first.FinishReason})");
        turns.AddMessages(first);
        turns.Add(new(ChatRole.User, "Is there a dog?"));      // about the same sound
        await foreach (var update in chat.GetStreamingResponseAsync(turns)) Console.Write(update.Text);
        Console.WriteLine();

        using var texts = new TextEmbeddingGenerator(mint, leaveOpen: true);
        using var sounds = new AudioEmbeddingGenerator(mint, leaveOpen: true);
        var (text, heard) = (await texts.GenerateVectorAsync("a dog barks"), await sounds.GenerateVectorAsync(file));
        Console.WriteLine($"similarity {TensorPrimitives.Dot(text.Span, heard.Span):F3}");
        #endregion
    }
}
