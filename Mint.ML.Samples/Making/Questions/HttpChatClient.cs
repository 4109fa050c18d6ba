using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Mint.ML.Samples.Making.Questions;

/// <summary>A chat model behind an endpoint of the common form, POST ENDPOINT/chat/completions: no more than question building needs.</summary>
internal sealed class HttpChatClient : IChatClient
{
    /// <summary>The environment variable with the endpoint's key, where it wants one.</summary>
    public const string KeyVariable = "MINT_CHAT_KEY";

    private const int MostBytes = 4 << 20; // of a reply

    private readonly HttpClient http;
    private readonly string model;

    /// <exception cref="ArgumentException">The endpoint is not https, nor on this machine.</exception>
    public HttpChatClient(Uri endpoint, string model, string? key)
    {
        if (endpoint.Scheme != Uri.UriSchemeHttps && !endpoint.IsLoopback)
            throw new ArgumentException($"--endpoint is {endpoint}; it has to be https, except on this machine.");
        this.model = model;
        http = new HttpClient
        {
            BaseAddress = new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/"),
            MaxResponseContentBufferSize = MostBytes,
            Timeout = TimeSpan.FromMinutes(5),
        };
        if (key is { Length: > 0 }) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var body = new JsonObject
        {
            ["model"] = options?.ModelId ?? model,
            ["messages"] = new JsonArray([.. messages.Select(message => new JsonObject { ["role"] = message.Role.Value, ["content"] = message.Text })]),
        };
        if (options?.Temperature is { } temperature) body["temperature"] = temperature;
        using var reply = await http.PostAsJsonAsync("chat/completions", body, cancellationToken).ConfigureAwait(false);
        string text = await reply.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{http.BaseAddress} answered {(int)reply.StatusCode}: {text[..Math.Min(text.Length, 300)]}"
                + (reply.StatusCode == System.Net.HttpStatusCode.Unauthorized ? $" Its key is taken from the environment variable {KeyVariable}." : ""));
        }
        try
        {
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, (string)JsonNode.Parse(text)!["choices"]![0]!["message"]!["content"]!));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            throw new InvalidDataException($"{http.BaseAddress} answered no message (choices[0].message.content): {text[..Math.Min(text.Length, 300)]}", error);
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var whole = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (var update in whole.ToChatResponseUpdates()) yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => http.Dispose();
}
