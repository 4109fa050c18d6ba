using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Mint.ML.Samples.Server;

/// <summary>What a request brings: a sound, as its body or as the file of a form, and fields, of its query or of the form.</summary>
internal sealed class Upload : IDisposable
{
    private const int InMemory = 1 << 20;       // larger bodies go to a file
    private const int MostFieldBytes = 1 << 16;
    private const int MostParts = 2_000;        // of a form: a thousand labels, and more

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, List<string>> fields = new(StringComparer.OrdinalIgnoreCase);

    private Upload()
    {
    }

    /// <summary>The bytes of a sound file, from their start; null where none came.</summary>
    public Stream? Sound { get; private set; }

    /// <summary>The values of a field; none where it was not given.</summary>
    public IReadOnlyList<string> Values(string field) => fields.TryGetValue(field, out var values) ? values : [];

    /// <summary>The one value of a field, or null.</summary>
    /// <exception cref="RequestException">It was given several times.</exception>
    public string? Value(string field) => Values(field) switch
    {
        [] => null,
        [var value] => value,
        var several => throw new RequestException(400, $"'{field}' is given {several.Count} times; once is expected."),
    };

    /// <summary>Refuses fields that an endpoint has not: a mistyped one would be another question.</summary>
    /// <param name="path">The endpoint.</param>
    /// <param name="known">Its fields.</param>
    /// <exception cref="RequestException">There is one.</exception>
    public void CheckFields(string path, string[] known)
    {
        if (fields.Keys.FirstOrDefault(field => !known.Contains(field, StringComparer.OrdinalIgnoreCase)) is not { } other) return;
        string name = other.Length > 40 ? other[..40] + "..." : other;
        throw new RequestException(400, known.Length == 0 ? $"{path} has no fields, and '{name}' was given; a sound is a file of the form, or the body."
            : $"{path} has no field '{name}'; the nearest is '{OptionFile.Nearest(name, known)}'.");
    }

    /// <summary>Reads a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="options">Limits.</param>
    /// <param name="cancel">The client's.</param>
    /// <exception cref="RequestException">The body is none that is taken: 400, 408, 413 or 415.</exception>
    public static async Task<Upload> Read(HttpRequest request, ServerOptions options, CancellationToken cancel)
    {
        var upload = new Upload();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(options.BodySeconds));
        try
        {
            upload.ReadQuery(request);
            if (request.ContentLength > options.MaxBytes) throw TooLarge(options.MaxBytes);
            if (request.ContentLength != 0 && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
            {
                if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
                    throw new RequestException(415, "The body has no Content-Type that can be read: audio/wav, another audio type, or multipart/form-data.");
                if (type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
                    await upload.ReadForm(request.Body, type, options.MaxBytes, limit.Token);
                else
                    upload.Sound = IsSound(type) ? await Spool(request.Body, options.MaxBytes, limit.Token) : throw WrongType(type);
            }
            return upload;
        }
        catch (Exception error)
        {
            upload.Dispose();
            throw error switch
            {
                OperationCanceledException when !cancel.IsCancellationRequested =>
                    new RequestException(408, $"The body had not arrived after {options.BodySeconds:0.###} s."),
                BadHttpRequestException { StatusCode: 413 } => TooLarge(options.MaxBytes),
                BadHttpRequestException bad => new RequestException(bad.StatusCode, bad.Message),
                DecoderFallbackException => new RequestException(400, "A field is not UTF-8."),
                InvalidDataException or IOException => new RequestException(400, $"The body is not what its headers say: {error.Message}"),
                _ => error,
            };
        }
    }

    public void Dispose() => Sound?.Dispose();

    // What is not UTF-8 would stay percent-encoded, and be asked so.
    private void ReadQuery(HttpRequest request)
    {
        byte[] query = Encoding.UTF8.GetBytes(request.QueryString.Value ?? "");
        Strict.GetCharCount(WebUtility.UrlDecodeToBytes(query, 0, query.Length));
        foreach (var (name, values) in request.Query)
            foreach (string? value in values) Add(name, value ?? "");
    }

    private void Add(string name, string value)
    {
        if (!fields.TryGetValue(name, out var values)) fields[name] = values = [];
        values.Add(value);
    }

    private async Task ReadForm(Stream body, MediaTypeHeaderValue type, long most, CancellationToken cancel)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > 70) throw new RequestException(400, "The form's Content-Type needs a boundary of 1 to 70 characters.");
        var reader = new MultipartReader(boundary, body) { BodyLengthLimit = most };
        for (int parts = 0; await reader.ReadNextSectionAsync(cancel) is { } part; parts++)
        {
            if (parts == MostParts) throw new RequestException(400, $"The form has more than {MostParts} parts.");
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition) || disposition.Name.Length == 0)
                throw new RequestException(400, "A part of the form has no name.");
            if (disposition.IsFileDisposition())
            {
                if (Sound is not null) throw new RequestException(400, "The form has several files; one sound is answered about.");
                if (MediaTypeHeaderValue.TryParse(part.ContentType, out var file) && !IsSound(file)) throw WrongType(file);
                Sound = await Spool(part.Body, most, cancel);
            }
            else
            {
                using var text = await Spool(part.Body, MostFieldBytes, cancel);
                using var read = new StreamReader(text, Strict);
                Add(HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), await read.ReadToEndAsync(cancel));
            }
        }
    }

    // Which format a sound has is told by its bytes; the type says only that it is sound, or does not say.
    private static bool IsSound(MediaTypeHeaderValue type) => type.Type.Equals("audio", StringComparison.OrdinalIgnoreCase)
        || type.MediaType.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase)
        || type.MediaType.Equals("application/ogg", StringComparison.OrdinalIgnoreCase);

    private static RequestException WrongType(MediaTypeHeaderValue type) =>
        new(415, $"'{type.MediaType}' is not taken: send audio/wav, another audio type, application/octet-stream, or a file of multipart/form-data.");

    private static RequestException TooLarge(long most) => new(413, $"At most {most} bytes are taken.");

    private static async Task<Stream> Spool(Stream body, long most, CancellationToken cancel)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(1 << 16);
        Stream kept = new MemoryStream();
        try
        {
            for (int count; (count = await body.ReadAsync(block, cancel)) > 0;)
            {
                if (kept.Length + count > most) throw TooLarge(most);
                if (kept is MemoryStream memory && kept.Length + count > InMemory)
                {
                    kept = TemporaryFile();
                    memory.WriteTo(kept);
                }
                await kept.WriteAsync(block.AsMemory(0, count), cancel);
            }
            kept.Position = 0;
            return kept;
        }
        catch
        {
            await kept.DisposeAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    // On Unix it has no name from the start: nothing is left when the process is killed. Elsewhere the system deletes it with its last handle.
    private static FileStream TemporaryFile()
    {
        string path = Path.Combine(Path.GetTempPath(), "mint-" + Path.GetRandomFileName());
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }
}
