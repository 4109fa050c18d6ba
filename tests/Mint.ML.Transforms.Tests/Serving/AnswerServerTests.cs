using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Mint.ML.Audio;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Server;
using Mint.ML.Tests;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Serving.RunningServer;

namespace Mint.ML.Transforms.Tests.Serving;

/// <summary>A real server on loopback, asked by a real client.</summary>
[TestClass]
public sealed class AnswerServerTests
{
    private const string Question = "This is a sound of";

    private static readonly string Asked = $"/answer?question={Uri.EscapeDataString(Question)}";

    [TestMethod]
    public async Task Every_endpoint_answers_as_the_library_does()
    {
        using var index = new Index();
        await using var server = await Start(search: index.Search);
        for (int clip = 0; clip < 8; clip++)
        {
            string file = Clip(clip);
            var caption = await server.Answer("/caption", Sound(clip));
            Assert.AreEqual(Model.Caption(file), (string?)caption["caption"]);
            Assert.AreEqual(AudioFile.Read(file).Duration.TotalSeconds, (double)caption["seconds"]!, 1e-3);
            Assert.AreEqual(Model.Caption(file), (string?)(await server.Answer("/caption", Form(clip)))["caption"], "of a form");
            Assert.AreEqual(Model.Ask(file, Question), (string?)(await server.Answer(Asked, Sound(clip)))["answer"]);
            Assert.AreEqual(Model.Ask(file, Question), (string?)(await server.Answer("/answer", Form(clip, ("question", Question))))["answer"]);

            var ranked = Model.Rank(file, ["flute", "organ", "mallet"]);
            foreach (var (path, content) in new (string, HttpContent)[] { ("/labels?labels=flute,organ,mallet", Sound(clip)),
                ("/labels?labels=flute&labels=organ&labels=mallet", Sound(clip)), ("/labels", Form(clip, ("labels", "flute, organ, mallet"))) })
            {
                var labels = await server.Answer(path, content);
                Assert.AreEqual(ranked[0].Label, (string?)labels["label"]);
                CollectionAssert.AreEqual(ranked.Select(one => one.Label).ToArray(),
                    labels["labels"]!.AsArray().Select(one => (string)one!["label"]!).ToArray());
                foreach (var (one, told) in ranked.Zip(labels["labels"]!.AsArray())) Assert.AreEqual(one.Probability, (double)told!["probability"]!, 1e-6);
            }

            var found = index.Search.BySound(file, 3);
            var told3 = (await server.Answer("/search?top=3", Sound(clip)))["found"]!.AsArray();
            CollectionAssert.AreEqual(found.Select(one => one.Path).ToArray(), told3.Select(one => (string)one!["path"]!).ToArray());
            Assert.AreEqual(found[0].Similarity, (float)told3[0]!["similarity"]!, 1e-6f);

            var vectors = (await server.Answer("/embed", Sound(clip)))["vectors"]!.AsArray();
            float[] own = [.. Model.Embed(file).Cast<float>()];
            float[] sent = [.. vectors.SelectMany(vector => vector!.AsArray()).Select(value => (float)value!)];
            Assert.HasCount(own.Length, sent);
            for (int i = 0; i < own.Length; i++) Assert.AreEqual(own[i], sent[i], 1e-6f);
        }
        var byText = index.Search.ByText("a flute plays note 1", 10);
        foreach (var (path, content) in new (string, HttpContent?)[] { ("/search?text=a%20flute%20plays%20note%201", null),
            ("/search", Form(null, ("text", "a flute plays note 1"))) })
        {
            var found = (await server.Answer(path, content))["found"]!.AsArray();
            CollectionAssert.AreEqual(byText.Select(one => one.Path).ToArray(), found.Select(one => (string)one!["path"]!).ToArray());
        }
        CollectionAssert.AreEqual(TinyModels.Families.Order().ToArray(),
            (await server.Answer("/labels", Sound(0)))["labels"]!.AsArray().Select(one => (string)one!["label"]!).Order().ToArray(),
            "the model file's own labels");
    }

    [TestMethod]
    public async Task A_large_body_goes_by_a_file_that_has_no_name()
    {
        await using var server = await Start();
        string path = Path.Combine(EightClips.Shared.Folder, "large.wav");
        AudioFile.WriteWav(path, new(new float[48_000 * 30], 48_000)); // 2.9 MB
        string[] before = Directory.GetFiles(Path.GetTempPath(), "mint-*");
        var caption = await server.Answer("/caption", Body(File.ReadAllBytes(path)));
        Assert.AreEqual(Model.Caption(path), (string?)caption["caption"]);
        Assert.Contains("silen", string.Join(' ', caption["notes"]!.AsArray().Select(note => (string)note!)).ToLowerInvariant());
        CollectionAssert.AreEqual(before, Directory.GetFiles(Path.GetTempPath(), "mint-*"));
    }

    [TestMethod]
    public async Task What_is_beyond_a_limit_has_its_own_status()
    {
        await using var server = await Start(new() { MaxBytes = 200_000, MaxSeconds = 2, BodySeconds = 1 });
        Assert.Contains("200000", await server.Refused("/caption", Body(new byte[200_001]), 413));
        Assert.Contains("200000", await server.Refused("/caption", Form(0, ("question", new string('x', 200_001))), 413));
        using (var chunked = new HttpRequestMessage(HttpMethod.Post, "/caption") { Content = new StreamContent(new MemoryStream(new byte[300_000])) })
        {
            chunked.Content.Headers.ContentType = new("audio/wav");
            chunked.Headers.TransferEncodingChunked = true;
            using var response = await server.Client.SendAsync(chunked);
            await Refused(response, 413);
        }
        string path = Path.Combine(EightClips.Shared.Folder, "long.wav");
        AudioFile.WriteWav(path, new(new float[8_000 * 3], 8_000));
        Assert.Contains("limit of 0:00:02", await server.Refused("/caption", Body(File.ReadAllBytes(path)), 422));

        // Half a body, and then nothing.
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.Client.BaseAddress!.Port);
        var stream = slow.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /caption HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\nContent-Length: 1000\r\n\r\nRIFF"));
        using var reader = new StreamReader(stream);
        Assert.Contains(" 408 ", (await reader.ReadLineAsync())!);
    }

    [TestMethod]
    public async Task What_is_no_sound_or_no_question_is_refused_with_a_sentence()
    {
        await using var server = await Start();
        byte[] sound = File.ReadAllBytes(Clip(0));
        Assert.Contains("text/plain", await server.Refused("/caption", Body(sound, "text/plain"), 415));
        await server.Refused("/caption", Body(sound, null), 415);
        Assert.Contains("The sound: the file is empty", await server.Refused("/caption", FormOf(("sound", "a.wav", [])), 422));
        Assert.Contains("The sound: ", await server.Refused("/caption", Body(Encoding.ASCII.GetBytes("this is no sound")), 422));
        Assert.Contains("The sound: ", await server.Refused("/caption", Body(sound[..(sound.Length / 2)]), 422));
        Assert.Contains("Send a sound", await server.Refused("/caption", null, 400));
        Assert.Contains("Send a sound", await server.Refused("/answer", Form(null, ("question", "what?")), 400));
        Assert.Contains("several files", await server.Refused("/caption", FormOf(("a", "a.wav", sound), ("b", "b.wav", sound)), 400));
        Assert.Contains("'question'", await server.Refused("/answer", Sound(0), 400));
        Assert.Contains("empty", await server.Refused("/answer?question=%20", Sound(0), 400));
        Assert.Contains("not UTF-8", await server.Refused("/answer?question=a%ff", Sound(0), 400));
        Assert.Contains("2 times", await server.Refused("/answer?question=a&question=b", Sound(0), 400));
        Assert.Contains("longer than the model reads",
            await server.Refused($"/answer?question={string.Join('+', Enumerable.Repeat("flute", 60))}", Sound(0), 400));
        string long60 = string.Join('+', Enumerable.Repeat("flute", 60));
        Assert.Contains("longer than the model reads", await server.Refused($"/embed?text={long60}", null, 400));
        Assert.Contains("there is 1", await server.Refused("/labels?labels=flute", Sound(0), 400));
        Assert.Contains("'flute'", await server.Refused("/labels?labels=flute,organ,flute", Sound(0), 400));
        Assert.Contains("1001 labels", await server.Refused("/labels", Form(0, ("labels", string.Join(',', Enumerable.Range(0, 1001)))), 400));
        Assert.Contains("--index", await server.Refused("/search?text=a", null, 404));
        Assert.Contains("either", await server.Refused("/embed?text=a", Sound(0), 400));
        Assert.Contains("either", await server.Refused("/embed", null, 400));
        await server.Refused("/nothing", Sound(0), 404);
        using var get = await server.Client.GetAsync("/caption");
        await Refused(get, 405);
        Assert.AreEqual(Model.Caption(Clip(0)), (string?)(await server.Answer("/caption", Sound(0)))["caption"], "and it answers on");
    }

    [TestMethod]
    public async Task A_field_that_an_endpoint_has_not_is_refused_with_the_nearest()
    {
        await using var server = await Start();
        Assert.Contains("no field 'lables'; the nearest is 'labels'", await server.Refused("/labels", Form(0, ("lables", "flute,organ")), 400));
        Assert.Contains("no field 'tpo'; the nearest is 'top'", await server.Refused("/search?text=a&tpo=3", null, 400));
        Assert.Contains("/caption has no fields, and 'question' was given", await server.Refused("/caption?question=what", Sound(0), 400));
    }

    [TestMethod]
    public async Task Several_labels_keep_their_commas()
    {
        await using var server = await Start();
        var labels = await server.Answer("/labels", Form(0, ("labels", "Male speech, man speaking"), ("labels", "flute")));
        CollectionAssert.AreEquivalent(new[] { "Male speech, man speaking", "flute" },
            labels["labels"]!.AsArray().Select(one => (string)one!["label"]!).ToArray());
    }

    [TestMethod]
    public async Task An_index_that_is_cut_gone_or_of_another_model_is_503_and_no_fault_of_the_server()
    {
        using var index = new Index();
        await using var server = await Start(search: index.Search);
        await server.Answer("/search?text=a", null);
        var settings = IndexSettings.ForModel(index.File, ModelPath, new());
        (settings with { Sha256 = "another" }).Write(index.File);
        await Refused("of another model");
        settings.Write(index.File);
        await server.Answer("/search?text=a", null);
        byte[] whole = File.ReadAllBytes(index.File);
        File.WriteAllBytes(index.File, whole[..(whole.Length / 2)]);
        await Refused("cut");
        File.Delete(index.File);
        await Refused("missing");
        File.WriteAllBytes(index.File, whole);
        await server.Answer("/search?text=a", null);

        async Task Refused(string part)
        {
            Assert.Contains(part, await server.Refused("/search?text=a", null, 503));
            await server.Refused("/search", Sound(0), 503);
        }
    }

    [TestMethod]
    public async Task Mutated_uploads_are_answered_or_refused_and_never_fail_the_server()
    {
        await using var server = await Start(new() { MaxSeconds = 5 });
        var random = new Random(11);
        byte[][] sounds = [File.ReadAllBytes(Clip(0)), File.ReadAllBytes(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips",
            "loop_breakbeat.ogg"))];
        byte[] form = await Form(1, ("labels", "flute,organ")).ReadAsByteArrayAsync();
        string boundary = Encoding.ASCII.GetString(form, 2, Array.IndexOf(form, (byte)'\r') - 2);
        var codes = new SortedDictionary<int, int>();
        for (int i = 0; i < 300; i++)
        {
            var content = i % 3 == 2 ? Body(Fuzz.Mutate([form], random), null) : Body(Fuzz.Mutate(sounds, random));
            if (i % 3 == 2) content.Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary=\"{boundary}\"");
            using var response = await server.Client.PostAsync(i % 2 == 0 ? "/labels?labels=a,b" : "/caption", content);
            int code = (int)response.StatusCode;
            codes[code] = codes.GetValueOrDefault(code) + 1;
            if (code != 200) await Refused(response, code);
            Assert.IsTrue(code is 200 or (>= 400 and < 500), $"input {i}: {code}");
        }
        Assert.IsGreaterThan(50, codes.Where(code => code.Key >= 400).Sum(code => code.Value), "mutations bite");
    }

    [TestMethod]
    public async Task Where_all_places_are_taken_a_request_is_refused_at_once_and_told_when_to_come_again()
    {
        await using var server = await Start(new() { Workers = 1, Waiting = 1 });
        using var busy = server.Occupy();
        var waits = server.Answer("/caption", Sound(0));
        while (server.Server.Queue.Waiting < 1) await Task.Delay(5);
        Assert.IsNull(server.Server.Queue.TryEnter(), "both places are taken"); // else the next request would wait for the worker, and this test with it
        using var response = await server.Client.PostAsync("/caption", Sound(1));
        await Refused(response, 429);
        Assert.IsGreaterThanOrEqualTo(1, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        using var ready = await server.Client.GetAsync("/healthz/ready");
        Assert.AreEqual(HttpStatusCode.OK, ready.StatusCode);
        busy.Dispose();
        Assert.AreEqual(Model.Caption(Clip(0)), (string?)(await waits)["caption"]);
        Assert.AreEqual(Model.Caption(Clip(1)), (string?)(await server.Answer("/caption", Sound(1)))["caption"], "the place is free again");
    }

    [TestMethod]
    public void What_waits_no_longer_is_not_kept_in_memory_until_a_worker_is_free()
    {
        using var queue = new WorkQueue(1, 2);
        using var release = new ManualResetEventSlim();
        var busy = queue.Run(_ => { release.Wait(CancellationToken.None); return 1; }, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), default);
        try
        {
            var upload = GoneAway(queue);
            // The thread that told of the end may have it on its stack for a moment yet.
            Assert.IsTrue(SpinWait.SpinUntil(() => IsCollected(upload), TimeSpan.FromSeconds(30)));
        }
        finally
        {
            release.Set(); // the queue waits for its worker
        }
        Assert.AreEqual(1, busy.Result);

        static bool IsCollected(WeakReference<byte[]> sound)
        {
            GC.Collect();
            return !sound.TryGetTarget(out _);
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference<byte[]> GoneAway(WorkQueue queue)
        {
            byte[] sound = new byte[100_000];
            var waits = queue.Run(_ => sound.Length, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1), default);
            Assert.AreEqual(503, Assert.ThrowsExactly<RequestException>(() => waits.GetAwaiter().GetResult()).Status);
            return new(sound);
        }
    }

    [TestMethod]
    public async Task A_request_waits_for_a_worker_so_long_and_no_longer()
    {
        await using var server = await Start(new() { Workers = 1, Waiting = 4, WaitSeconds = 0.3 });
        using (server.Occupy())
        {
            using var response = await server.Client.PostAsync("/caption", Sound(0));
            Assert.Contains("0.3 s", await Refused(response, 503));
            Assert.IsNotNull(response.Headers.RetryAfter);
        }
        Assert.AreEqual(Model.Caption(Clip(0)), (string?)(await server.Answer("/caption", Sound(0)))["caption"]);
    }

    [TestMethod]
    public async Task An_answer_that_takes_too_long_ends_between_tokens()
    {
        await using var server = await Start(new() { AnswerSeconds = 0.05, Generation = new() { MaxTokens = 2_000, MinTokens = 2_000 } });
        Assert.Contains("0.05 s", await server.Refused("/caption", Sound(0), 504));
        Assert.AreEqual((0, 0), (server.Server.Queue.Running, server.Server.Queue.Waiting));
    }

    [TestMethod]
    public async Task Who_goes_away_frees_the_worker_and_the_place()
    {
        await using var server = await Start(new() { Workers = 1, Waiting = 1, Generation = new() { MaxTokens = 30_000, MinTokens = 30_000 } });
        using var gone = new CancellationTokenSource();
        var asked = server.Client.PostAsync("/caption", Sound(0), gone.Token);
        while (server.Server.Queue.Running < 1) await Task.Delay(5);
        gone.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(() => asked);
        // Within its tokens: were it not cancelled, it would go on for minutes.
        for (int i = 0; i < 400 && server.Server.Queue.Running + server.Server.Queue.Waiting > 0; i++) await Task.Delay(25);
        Assert.AreEqual((0, 0), (server.Server.Queue.Running, server.Server.Queue.Waiting));
        Assert.Contains("mint_requests_total{endpoint=\"/caption\",status=\"499\"} 1", await server.Client.GetStringAsync("/metrics"));
    }

    [TestMethod]
    public async Task Going_down_it_finishes_what_it_has_and_takes_nothing_new()
    {
        await using var server = await Start(new() { Workers = 1 });
        using var busy = server.Occupy();
        var begun = server.Answer("/caption", Sound(0));
        while (server.Server.Queue.Waiting < 1) await Task.Delay(5);
        // A connection that is open before, and used after.
        using var open = new TcpClient();
        await open.ConnectAsync(IPAddress.Loopback, server.Client.BaseAddress!.Port);
        await open.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /healthz/ready HTTP/1.1\r\nHost: a\r\n"));
        var stopping = server.Server.Stop();
        await Task.Delay(200);
        using var another = new HttpClient { BaseAddress = server.Client.BaseAddress };
        await Assert.ThrowsAsync<HttpRequestException>(() => another.PostAsync("/caption", Sound(1)));
        await open.GetStream().WriteAsync(Encoding.ASCII.GetBytes("\r\n"));
        using var reader = new StreamReader(open.GetStream());
        Assert.Contains(" 503 ", (await reader.ReadLineAsync())!);
        Assert.IsFalse(stopping.IsCompleted, "it waits for what it has");
        busy.Dispose();
        Assert.AreEqual(Model.Caption(Clip(0)), (string?)(await begun)["caption"]);
        await stopping;
    }

    [TestMethod]
    public async Task Many_at_once_are_answered_as_one_by_one()
    {
        await using var server = await Start(new() { Workers = 3, Waiting = 200 });
        string[] alone = [.. Enumerable.Range(0, 8).Select(clip => Model.Caption(Clip(clip)))];
        string?[] together = await Task.WhenAll(Enumerable.Range(0, 120)
            .Select(async i => (string?)(await server.Answer("/caption", i % 2 == 0 ? Sound(i % 8) : Form(i % 8)))["caption"]));
        for (int i = 0; i < together.Length; i++) Assert.AreEqual(alone[i % 8], together[i]);
    }

    [TestMethod]
    public async Task Metrics_count_what_was_asked()
    {
        await using var server = await Start();
        await server.Answer("/caption", Sound(0));
        await server.Answer("/caption", Sound(1));
        await server.Refused("/caption", Body([1, 2, 3]), 422);
        string page = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("mint_requests_total{endpoint=\"/caption\",status=\"200\"} 2\n", page);
        Assert.Contains("mint_requests_total{endpoint=\"/caption\",status=\"422\"} 1\n", page);
        Assert.Contains("mint_request_duration_seconds_count{endpoint=\"/caption\"} 3\n", page);
        Assert.Contains("mint_request_duration_seconds_bucket{endpoint=\"/caption\",le=\"+Inf\"} 3\n", page);
        Assert.Contains("mint_answers_running 0\n", page);
        using var live = await server.Client.GetAsync("/healthz/live");
        Assert.AreEqual(HttpStatusCode.OK, live.StatusCode);
    }

    [TestMethod]
    public void All_that_is_wrong_with_the_options_is_told_at_once()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => new ServerOptions
        {
            Urls = "https://a:1;nowhere",
            Workers = 0,
            Waiting = -1,
            MaxBytes = 0,
            MaxSeconds = double.NaN,
            AnswerSeconds = -1,
        }.Validate());
        foreach (string name in (string[])["https://a:1", "'nowhere'", "--workers", "--waiting", "--max-bytes", "--max-seconds", "--answer-seconds"])
            Assert.Contains(name, error.Message);
        new ServerOptions { Urls = "http://*:80;http://[::1]:0;http://localhost:8080" }.Validate();
    }

    private static MultipartFormDataContent FormOf(params (string Name, string File, byte[] Bytes)[] files)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, file, bytes) in files) form.Add(Body(bytes), name, file);
        return form;
    }

    /// <summary>An index of the eight clips.</summary>
    private sealed class Index : IDisposable
    {
        private readonly string path = Path.Combine(EightClips.Shared.Folder, Path.GetRandomFileName() + ".index");

        public Index()
        {
            using (var output = new IndexOutput(path, VectorStorage.Single, Model.Comparing().Width))
                for (int clip = 0; clip < 8; clip++) output.Take($"clip{clip}.wav", Model.Embed(Clip(clip)));
            Search = new(path, Model, IndexSettings.ForModel(path, ModelPath, new()));
        }

        public SoundSearch Search { get; }

        public string File => path;

        public void Dispose()
        {
            System.IO.File.Delete(path);
            System.IO.File.Delete(IndexSettings.FileOf(path));
        }
    }
}
