using System.Net;
using System.Net.Http.Headers;
using Mint.ML.Files;

namespace Mint.ML.Hub;

/// <summary>One file over a connection that may break, lie, redirect or be slow.</summary>
internal static class Transfer
{
    private const int MostRedirects = 10, Piece = 1 << 16;

    /// <summary>Attempts until all bytes are there. Attempts that bring nothing are counted; any new byte begins the count anew.</summary>
    /// <param name="options">How patiently.</param>
    /// <param name="what">The file, for errors.</param>
    /// <param name="size">Bytes to have; 0 for as many as one attempt brings.</param>
    /// <param name="attempt">One attempt; gives the bytes that are there after it.</param>
    /// <param name="cancel">Stops it.</param>
    public static async Task Try(HubOptions options, string what, long size, Func<int, Task<long>> attempt, CancellationToken cancel)
    {
        long there = -1;
        for (int failed = 0; ;)
        {
            TimeSpan? told = null;
            string problem;
            try
            {
                long now = await attempt(failed).ConfigureAwait(false);
                if (now >= size) return;
                problem = $"the connection ended after {now:N0} of {size:N0} bytes";
                failed = now > there ? 0 : failed + 1;
                there = Math.Max(there, now);
            }
            catch (BrokenOffException broken)
            {
                (problem, told) = (broken.Message, broken.RetryAfter);
                failed = broken.There > there && broken.There > 0 ? 0 : failed + 1;
                there = Math.Max(there, broken.There);
            }
            if (failed >= options.Attempts) throw new IOException($"{what}: {problem}, {failed} times in a row. What is there stays; the same call goes on.");
            var wait = told ?? options.Wait * Math.Pow(2, failed);
            await Task.Delay(wait < options.LongestWait ? wait : options.LongestWait, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Goes on with a file where it is.</summary>
    /// <returns>Bytes that are there now.</returns>
    public static async Task<long> Continue(HttpClient client, HubOptions options, Uri address, HubFile file, string partial, Action<long> report,
        CancellationToken cancel)
    {
        await using var output = GrowingFile.Open(partial, FileShare.None, "file of a pull");
        if (output.Length > file.Size) output.SetLength(0);
        if (output.Length == file.Size) return file.Size;
        long start = output.Length;
        using var response = await Get(client, options, address, start, cancel).ConfigureAwait(false);
        // 206 is the rest, if it says that it begins here; 200 is the file from its beginning.
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            var range = response.Content.Headers.ContentRange;
            if (range?.From != start || range.Length is { } whole && whole != file.Size)
                throw Wrong(file, $"asked for the bytes from {start:N0} on, the server answers with {range?.ToString() ?? "some that it does not name"}");
        }
        else
        {
            start = 0;
        }

        if (response.Content.Headers.ContentLength is { } length && start + length != file.Size)
            throw Wrong(file, $"the hub lists {file.Size:N0} bytes, and the server sends {start + length:N0}");
        output.SetLength(start);
        output.Position = start;
        try
        {
            await Copy(response, output, file.Size - start, options.Silence, bytes => report(start + bytes), cancel).ConfigureAwait(false);
        }
        catch (BrokenOffException broken)
        {
            throw new BrokenOffException(broken.Message, output.Length, broken.RetryAfter);
        }
        finally
        {
            output.Flush(flushToDisk: true);
        }
        return output.Length;
    }

    /// <summary>An answer with content, at the end of all redirects.</summary>
    /// <exception cref="BrokenOffException">It may be otherwise in a moment.</exception>
    /// <exception cref="IOException">It will not.</exception>
    public static async Task<HttpResponseMessage> Get(HttpClient client, HubOptions options, Uri address, long from, CancellationToken cancel)
    {
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
            var response = await Quiet(options.Silence, token => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancel)
                .ConfigureAwait(false);
            if (response.IsSuccessStatusCode) return response;
            using (response)
            {
                var status = response.StatusCode;
                if (status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect
                    or HttpStatusCode.PermanentRedirect && response.Headers.Location is { } location)
                {
                    address = Next(address, response.Headers.Location, redirects);
                    continue;
                }
                if (status == HttpStatusCode.TooManyRequests || (int)status >= 500)
                    throw new BrokenOffException($"the server says {(int)status} ({status})", 0, response.Headers.RetryAfter?.Delta);
                throw new IOException($"{address}: the server says {(int)status} ({status})" + status switch
                {
                    HttpStatusCode.NotFound => ": there is no such repository, revision or file.",
                    HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ": it gives this only to those who have agreed to its terms; fetch it by "
                        + "hand, and put the files into a folder.",
                    _ => ".",
                });
            }
        }
    }

    /// <summary>Copies content of at most so many bytes. Silence ends it; slowness does not.</summary>
    public static async Task Copy(HttpResponseMessage response, Stream output, long most, TimeSpan silence, Action<long>? report, CancellationToken cancel)
    {
        byte[] piece = new byte[Piece];
        await using var content = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        for (long copied = 0; ;)
        {
            int read = await Quiet(silence, async token => await content.ReadAsync(piece, token).ConfigureAwait(false), cancel).ConfigureAwait(false);
            if (read == 0) return;
            copied += read;
            if (copied > most)
                throw new InvalidDataException($"{response.RequestMessage?.RequestUri}: the server sends more than the {most:N0} bytes it should.");
            await output.WriteAsync(piece.AsMemory(0, read), cancel).ConfigureAwait(false);
            report?.Invoke(copied);
        }
    }

    /// <summary>Whether a file has the size and the hash that the hub lists.</summary>
    public static bool Fits(string path, HubFile file, CancellationToken cancel)
    {
        if (new FileInfo(path).Length != file.Size) return false;
        return file.Sha256 is { } sha256 ? FileHash.Sha256(path, cancel) == sha256 : FileHash.GitBlob(path, cancel) == file.Blob;
    }

    private static Uri Next(Uri from, Uri? location, int redirects)
    {
        if (redirects == MostRedirects) throw new IOException($"{from}: the server redirects more than {MostRedirects} times.");
        if (location is null || !Uri.TryCreate(from, location, out var next)) throw new IOException($"{from}: the server redirects to nowhere.");
        if (next.Scheme == Uri.UriSchemeHttps || next.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp && next.IsLoopback) return next;
        throw new IOException($"{from}: the server redirects to {next.Scheme}://{next.Host}, which is not https.");
    }

    private static async Task<T> Quiet<T>(TimeSpan silence, Func<CancellationToken, Task<T>> wait, CancellationToken cancel)
    {
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timed.CancelAfter(silence);
        try
        {
            return await wait(timed.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BrokenOffException($"the server is silent for {silence.TotalSeconds:0.#} s", 0);
        }
        catch (Exception error) when (error is HttpRequestException or IOException and not BrokenOffException)
        {
            throw new BrokenOffException($"the connection broke off ({error.GetBaseException().Message.TrimEnd('.')})", 0);
        }
    }

    private static InvalidDataException Wrong(HubFile file, string what) => new($"{file.Name}: {what}. Try again later, or another mirror.");
}

/// <summary>A connection broke off, or the server is busy: worth another attempt.</summary>
internal sealed class BrokenOffException(string message, long there, TimeSpan? retryAfter = null) : IOException(message)
{
    /// <summary>Bytes of the file that are there.</summary>
    public long There => there;

    /// <summary>How long the server asks to wait; null where it does not say.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
