using System.Text;
using Mint.ML.Checkpoints;
using Mint.ML.Hub;
using Mint.ML.Tests.Files;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Hub;

[TestClass]
public sealed class HubPullTests
{
    private const string Weights = "model.safetensors";

    private static readonly Dictionary<string, byte[]> Files = new()
    {
        ["config.json"] = Encoding.UTF8.GetBytes("""{"model_type": "bert"}"""),
        [Weights] = Bytes(300_000, 1),
        ["pytorch_model.bin"] = Bytes(5_000, 2),
        ["tf_model.h5"] = Bytes(5_000, 3),
        ["vocab.txt"] = Encoding.UTF8.GetBytes("[PAD]\n"),
    };

    [TestMethod]
    public async Task A_folder_comes_whole_with_the_weights_once_and_its_licence()
    {
        using var hub = new LoopbackHub(Files);
        using var place = new TemporaryFolder();
        var progress = new Told();
        var listing = await Pull(hub, place, progress);
        Assert.AreEqual("apache-2.0", listing.License);
        string folder = place.File("bert");
        CollectionAssert.AreEquivalent(new[] { "config.json", Weights, "vocab.txt" }, ModelFolder.Names(folder).ToArray());
        foreach (string name in ModelFolder.Names(folder)) CollectionAssert.AreEqual(Files[name], File.ReadAllBytes(Path.Combine(folder, name)));
        CollectionAssert.AreEqual(new[] { folder }, Directory.GetDirectories(place.Path), "nothing is left beside it");
        Assert.AreEqual(progress.Last!.Size, progress.Last.Bytes);
        int asked = hub.Asked.Count;
        Assert.IsFalse(await Again(hub, place), "it is there");
        Assert.AreEqual(asked + 1, hub.Asked.Count, "the list alone was asked for");
    }

    [TestMethod]
    public async Task A_connection_that_breaks_off_is_gone_on_with_where_it_broke()
    {
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal) || before > 2) return false;
            request.Serve(Files[Weights], breakAfter: 70_000);
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
        CollectionAssert.AreEqual(new long?[] { null, 70_000, 140_000, 210_000 },
            hub.Asked.Where(request => request.Path.EndsWith(Weights, StringComparison.Ordinal)).Select(request => request.From).ToArray());
    }

    [TestMethod]
    public async Task A_server_that_only_breaks_off_ends_the_pull_and_a_later_one_goes_on()
    {
        bool broken = true;
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!broken || !request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            request.Serve(Files[Weights], breakAfter: before == 0 ? 100_000 : 0);
            return true;
        });
        using var place = new TemporaryFolder();
        var error = await Assert.ThrowsAsync<IOException>(() => Pull(hub, place));
        StringAssert.Contains(error.Message, Weights);
        Assert.IsFalse(Directory.Exists(place.File("bert")), "half of it is no folder");
        broken = false;
        await Pull(hub, place);
        Assert.AreEqual(100_000, hub.Asked[^2].From ?? hub.Asked[^1].From);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
    }

    [TestMethod]
    public async Task Other_content_on_resume_is_noticed_by_its_hash_and_fetched_anew()
    {
        byte[] other = Bytes(300_000, 9);
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal) || before > 1) return false;
            request.Serve(before == 0 ? other : Files[Weights], breakAfter: before == 0 ? 70_000 : null);
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
        Assert.IsNull(hub.Asked.Last(request => request.Path.EndsWith(Weights, StringComparison.Ordinal)).From, "from the beginning");
    }

    [TestMethod]
    public async Task A_server_that_ignores_the_range_sends_the_file_anew()
    {
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            if (before == 0) request.Serve(Files[Weights], breakAfter: 70_000);
            else request.Answer("200 OK", Files[Weights]);
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
    }

    [TestMethod]
    public async Task Wrong_content_is_never_taken_whatever_its_size()
    {
        using var hub = new LoopbackHub(Files, (request, _) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            request.Answer("200 OK", Bytes(300_000, 9));
            return true;
        });
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Pull(hub, place))).Message, "hash differs");
        Assert.IsFalse(Directory.Exists(place.File("bert")));
        Assert.AreEqual(2, hub.Asked.Count(request => request.Path.EndsWith(Weights, StringComparison.Ordinal)), "once more from its beginning, and no more");
    }

    [TestMethod]
    [DataRow(299_000)]
    [DataRow(301_000)]
    [DataRow(1_000_000)]
    public async Task A_length_that_is_a_lie_is_refused_before_it_is_read(int told)
    {
        using var hub = new LoopbackHub(Files, (request, _) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            request.Answer("200 OK", Files[Weights], told);
            return true;
        });
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Pull(hub, place))).Message, "the hub lists 300,000 bytes");
    }

    [TestMethod]
    public async Task A_part_of_another_file_than_was_asked_for_is_refused()
    {
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            if (before == 0) request.Serve(Files[Weights], breakAfter: 70_000);
            else request.Answer("206 Partial Content", Files[Weights], null, "Content-Range: bytes 0-299999/300000");
            return true;
        });
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Pull(hub, place))).Message, "from 70,000 on");
    }

    [TestMethod]
    public async Task Redirects_are_followed_to_an_end_and_not_round_in_circles()
    {
        using var hub = new LoopbackHub(Files, (request, _) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal) || request.Path.StartsWith("/cdn", StringComparison.Ordinal)) return false;
            request.Answer("302 Found", [], null, $"Location: /cdn/{Weights}");
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));

        using var circle = new LoopbackHub(Files, (request, _) =>
        {
            request.Answer("307 Temporary Redirect", [], null, $"Location: {request.Path}");
            return true;
        });
        StringAssert.Contains((await Assert.ThrowsAsync<IOException>(() => Pull(circle, place))).Message, "redirects more than 10 times");
    }

    [TestMethod]
    public async Task A_redirect_away_from_https_is_refused()
    {
        using var hub = new LoopbackHub(Files, (request, _) =>
        {
            request.Answer("302 Found", [], null, "Location: http://elsewhere.invalid/file");
            return true;
        });
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsAsync<IOException>(() => Pull(hub, place))).Message, "not https");
        foreach (string bad in (string[])["http://mirror.example", "ftp://mirror.example", "mirror.example", "file:///etc"])
            Assert.ThrowsExactly<ArgumentException>(() => HubOptions.Parse(bad), bad);
    }

    [TestMethod]
    public async Task A_server_that_throttles_is_waited_for()
    {
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (before > 1) return false;
            request.Answer(before == 0 ? "429 Too Many Requests" : "503 Service Unavailable", [], null, "Retry-After: 0");
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
    }

    [TestMethod]
    public async Task A_silent_server_is_given_up_and_a_slow_one_is_not()
    {
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal)) return false;
            request.Answer("200 OK", Files[Weights][..1000], 300_000);
            if (before == 0)
            {
                Thread.Sleep(900); // beyond the silence that is allowed
                return true;
            }
            for (int at = 1000; at < 300_000; at += 59_800)
            {
                Thread.Sleep(100);
                request.Stream.Write(Files[Weights], at, 59_800);
            }
            return true;
        });
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(Files[Weights], File.ReadAllBytes(Path.Combine(place.File("bert"), Weights)));
    }

    [TestMethod]
    public async Task Cancelled_it_leaves_no_folder_and_goes_on_later()
    {
        using var cancel = new CancellationTokenSource();
        using var hub = new LoopbackHub(Files, (request, before) =>
        {
            if (!request.Path.EndsWith(Weights, StringComparison.Ordinal) || before > 0) return false;
            request.Answer("200 OK", Files[Weights][..100_000], 300_000);
            Thread.Sleep(100);
            cancel.Cancel();
            return true;
        });
        using var place = new TemporaryFolder();
        await Assert.ThrowsAsync<OperationCanceledException>(() => Pull(hub, place, cancel: cancel.Token));
        Assert.IsFalse(Directory.Exists(place.File("bert")));
        await Pull(hub, place);
        Assert.AreEqual(100_000, hub.Asked.Last(request => request.Path.EndsWith(Weights, StringComparison.Ordinal)).From);
    }

    [TestMethod]
    public async Task A_folder_that_is_there_and_another_is_not_touched()
    {
        using var hub = new LoopbackHub(Files);
        using var place = new TemporaryFolder();
        Directory.CreateDirectory(place.File("bert"));
        File.WriteAllText(Path.Combine(place.File("bert"), "mine.txt"), "mine");
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message, "is there already");
        Assert.AreEqual("mine", File.ReadAllText(Path.Combine(place.File("bert"), "mine.txt")));
    }

    [TestMethod]
    [DataRow(""", {"rfilename": "a:b.json", "size": 3, "blobId": "0123456789abcdef0123456789abcdef01234567"}""", "no name of a file")]
    [DataRow(""", {"rfilename": "more.json", "size": 3}""", "no hash")]
    [DataRow(""", {"rfilename": "more.json", "blobId": "0123456789abcdef0123456789abcdef01234567"}""", "no size")]
    [DataRow(""", {"rfilename": 7}""", "cannot be read")]
    [DataRow(""", {"rfilename": "a\\b.json", "size": 3, "blobId": "0123456789abcdef0123456789abcdef01234567"}""", "no name of a file")]
    [DataRow(""", {"rfilename": "x.bin", "size": 9223372036854775807, "blobId": "0123456789abcdef0123456789abcdef01234567"}""", "no size")]
    [DataRow(""", {"rfilename": "Vocab.txt", "size": 3, "blobId": "0123456789abcdef0123456789abcdef01234567"}""", "twice")]
    [DataRow(""", {"rfilename": "y.txt", "rfilename": "z.txt"}""", "cannot be read")]
    public async Task A_list_that_harms_or_that_nothing_can_be_checked_by_is_refused(string more, string why)
    {
        using var hub = new LoopbackHub(Files) { Listing = more };
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Pull(hub, place))).Message, why);
        Assert.IsEmpty(Directory.GetFileSystemEntries(place.Path));
    }

    [TestMethod]
    public async Task A_path_that_leads_out_of_the_folder_is_not_fetched()
    {
        const string more = """, {"rfilename": "../out.json", "size": 3, "blobId": "0123456789abcdef0123456789abcdef01234567"}""";
        using var hub = new LoopbackHub(Files) { Listing = more + more.Replace("../", "/tmp/") };
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        CollectionAssert.AreEqual(new[] { place.File("bert") }, Directory.GetFileSystemEntries(place.Path));
        Assert.IsFalse(hub.Asked.Any(request => request.Path.Contains("out.json")));
    }

    [TestMethod]
    public async Task A_redirect_to_a_file_of_this_machine_is_refused()
    {
        foreach (string bad in (string[])["file:///etc/passwd", "ftp://localhost/x", "//[", "gopher:x"])
        {
            using var hub = new LoopbackHub(Files, (request, _) =>
            {
                request.Answer("302 Found", [], null, $"Location: {bad}");
                return true;
            });
            using var place = new TemporaryFolder();
            await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place), bad);
            Assert.IsEmpty(Directory.GetFileSystemEntries(place.Path));
        }
    }

    [TestMethod]
    public async Task A_pulled_folder_of_which_something_is_gone_is_not_called_whole()
    {
        using var hub = new LoopbackHub(Files);
        using var place = new TemporaryFolder();
        await Pull(hub, place);
        string vocabulary = Path.Combine(place.File("bert"), "vocab.txt");
        File.WriteAllText(vocabulary, "[P");
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Again(hub, place))).Message, "vocab.txt has 2 of 6 bytes");
        File.Delete(vocabulary);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Again(hub, place))).Message, "vocab.txt is gone");
        File.WriteAllText(Path.Combine(place.File("bert"), ".pulled.json"), "{ half");
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Again(hub, place))).Message, "is there already");
    }

    [TestMethod]
    public async Task Files_of_the_users_where_a_pull_would_gather_its_own_are_not_deleted()
    {
        using var hub = new LoopbackHub(Files);
        using var place = new TemporaryFolder();
        string mine = Directory.CreateDirectory(place.File("mine")).FullName, beside = place.File(".bert.pull");
        File.WriteAllText(Path.Combine(mine, "thesis.txt"), "years");
        Directory.CreateSymbolicLink(beside, mine);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message, "made by no pull");
        Directory.Delete(beside);
        Directory.Move(mine, beside);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message, "made by no pull");
        Assert.AreEqual("years", File.ReadAllText(Path.Combine(beside, "thesis.txt")));
        Assert.HasCount(1, Directory.GetFileSystemEntries(beside));
    }

    [TestMethod]
    public void A_place_is_looked_at_before_the_hub_is_asked()
    {
        using var place = new TemporaryFolder();
        string folder = place.File("bert"), beside = place.File(".bert.pull");
        HubPull.CheckPlace("some/bert", folder);
        Assert.IsEmpty(Directory.GetFileSystemEntries(place.Path), "looking makes nothing");

        File.WriteAllText(folder, "mine");
        Refused("is a file");
        File.Delete(folder);
        File.CreateSymbolicLink(folder, place.File("nowhere"));
        Refused("is a link to");
        File.Delete(folder);
        Directory.CreateDirectory(folder);
        Refused("is there already, and is not some/bert");
        Directory.Delete(folder);
        Directory.CreateDirectory(beside);
        File.WriteAllText(Path.Combine(beside, "thesis.txt"), "years");
        Refused("made by no pull");

        void Refused(string why) => StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => HubPull.CheckPlace("some/bert", folder)).Message, why);
    }

    [TestMethod]
    public void An_empty_revision_is_refused() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new HubPull(new HubOptions { Revision = " " })).Message, "Revision is empty");

    [TestMethod]
    public async Task Two_pulls_into_one_place_are_one_and_the_other_is_told_who_is_at_work()
    {
        using var hub = new LoopbackHub(Files);
        using var place = new TemporaryFolder();
        using (var other = OtherProcess.Hold(place.File("bert")))
        {
            string message = (await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message;
            StringAssert.Contains(message, $"{place.File("bert")} is in use by process {other.Id}");
            Assert.IsFalse(Directory.Exists(place.File(".bert.pull")), "nothing is made in the other's place");
        }
        await Pull(hub, place);
        CollectionAssert.AreEqual(new[] { place.File("bert") }, Directory.GetFileSystemEntries(place.Path), "no lock is left");
    }

    [TestMethod]
    public async Task More_than_the_disk_has_room_for_is_refused_before_a_byte_is_fetched()
    {
        using var hub = new LoopbackHub(Files)
        {
            Listing = """, {"rfilename": "more.json", "size": 1000000000000, "blobId": "0123456789abcdef0123456789abcdef01234567"}""",
        };
        using var place = new TemporaryFolder();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message, "Make room");
        Assert.HasCount(1, hub.Asked, "the list alone");
    }

    [TestMethod]
    public async Task A_repository_that_is_not_there_and_one_behind_terms_say_so()
    {
        foreach (var (status, said) in new[] { ("404 Not Found", "no such repository"), ("403 Forbidden", "agreed to its terms") })
        {
            using var hub = new LoopbackHub(Files, (request, _) =>
            {
                request.Answer(status, []);
                return true;
            });
            using var place = new TemporaryFolder();
            StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => Pull(hub, place))).Message, said);
        }
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PublishedModels.Repository("bert-vase")).Message, "bert-base-uncased");
        Assert.AreEqual("google-bert/bert-base-uncased", PublishedModels.Repository("BERT-base-uncased"));
        Assert.AreEqual("some/thing", PublishedModels.Repository("some/thing"));
    }

    [TestMethod]
    public void The_table_of_the_docs_is_the_list()
    {
        string docs = File.ReadAllText(Path.Combine(Fixtures.Path(), "..", "..", "docs", "models.md"));
        string[] rows = [.. docs.Split('\n').SkipWhile(line => !line.StartsWith("| name | repository", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'))];
        CollectionAssert.AreEqual(PublishedModels.All.Select(model => FormattableString.Invariant(
            $"| {model.Name} | {model.Repository} | {model.Licence} | {model.Gigabytes} | {model.For} |")).ToArray(), rows);
    }

    private static async Task<HubListing> Pull(LoopbackHub hub, TemporaryFolder place, IProgress<PullProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using var pull = new HubPull(Options(hub));
        var listing = await pull.List("google-bert/bert-base-uncased", cancel);
        await pull.Pull(listing, place.File("bert"), progress, cancel);
        return listing;
    }

    private static async Task<bool> Again(LoopbackHub hub, TemporaryFolder place)
    {
        using var pull = new HubPull(Options(hub));
        return await pull.Pull(await pull.List("google-bert/bert-base-uncased"), place.File("bert"));
    }

    private static HubOptions Options(LoopbackHub hub) =>
        new() { Address = hub.Address, Wait = TimeSpan.FromMilliseconds(1), Attempts = 4, Silence = TimeSpan.FromMilliseconds(600) };

    private static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class Told : IProgress<PullProgress>
    {
        public PullProgress? Last { get; private set; }

        public void Report(PullProgress value) => Last = value;
    }
}
