using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Mint.ML.Audio;
using Mint.ML.Samples.Server;
using Mint.ML.Tests;

namespace Mint.ML.Transforms.Tests.Serving;

/// <summary>Mutated requests, from the query to the sound, without a connection: so a million of them are read in minutes.</summary>
[TestClass]
public sealed class UploadFuzzTests
{
    [TestMethod]
    public void Mutated_uploads_are_read_or_refused_with_a_status()
    {
        byte[] sound = Wav();
        string begins = "--b1\r\nContent-Disposition: form-data; name=\"sound\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
        string ends = "\r\n--b1\r\nContent-Disposition: form-data; name=labels\r\n\r\nflöte,organ\r\n--b1--\r\n";
        var options = new ServerOptions { MaxBytes = 4096, MaxSeconds = 5 };
        var reading = AudioReadOptions.Default with { SampleRate = 16_000, MaxDuration = TimeSpan.FromSeconds(options.MaxSeconds) };
        Fuzz.Run([Request("?labels=flute%2Corgan&top=3", "audio/wav", sound),
            Request("", "multipart/form-data; boundary=\"b1\"", [.. Encoding.UTF8.GetBytes(begins), .. sound, .. Encoding.UTF8.GetBytes(ends)])], input =>
        {
            using var upload = Upload.Read(Received(input), options, default).GetAwaiter().GetResult();
            upload.Value("labels");
            if (upload.Sound is { } sent) AudioFile.Read(sent, "The sound", reading);
        }, error => error is AudioFormatException or RequestException { Status: >= 400 and < 500 }, maxAllocated: 4 << 20);
    }

    // A request as the fuzzer has it: its query and its type, a line each, then the body.
    private static byte[] Request(string query, string type, byte[] body) => [.. Encoding.ASCII.GetBytes($"{query}\n{type}\n"), .. body];

    private static HttpRequest Received(byte[] input)
    {
        int first = Array.IndexOf(input, (byte)'\n'), second = first < 0 ? -1 : Array.IndexOf(input, (byte)'\n', first + 1);
        string query = first < 0 ? "" : Line(0, first);
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new Body());
        context.Request.QueryString = new(query.StartsWith('?') ? query : "");
        context.Request.ContentType = second < 0 ? null : Line(first + 1, second);
        context.Request.Body = new MemoryStream(input, second + 1, input.Length - second - 1);
        return context.Request;

        string Line(int from, int to) => Encoding.Latin1.GetString(input, from, to - from);
    }

    private static byte[] Wav()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        const int Samples = 100, Rate = 16_000;
        foreach (object part in (object[])["RIFF"u8.ToArray(), 36 + 2 * Samples, "WAVEfmt "u8.ToArray(), 16, (short)1, (short)1, Rate, 2 * Rate, (short)2,
            (short)16, "data"u8.ToArray(), 2 * Samples])
        {
            if (part is byte[] name) writer.Write(name);
            else if (part is int number) writer.Write(number);
            else writer.Write((short)part);
        }
        for (int i = 0; i < Samples; i++) writer.Write((short)(1000 * (i % 9)));
        return bytes.ToArray();
    }

    private sealed class Body : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
