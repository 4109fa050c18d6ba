using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The pages in a real browser. Their labels, captions and options hold script, markup and U+2028 (tests/fixtures/reports).</summary>
[TestClass]
public sealed class ReportPageTests
{
    private static readonly DirectoryInfo Folder = Directory.CreateTempSubdirectory("mint-pages-");
    private static readonly string Clips = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips");
    private static Browser? browser;

    private sealed class Silent : IProgress<string>
    {
        public void Report(string value) { }
    }

    [ClassInitialize]
    public static async Task Start(TestContext _)
    {
        if (Browser.Find() is { } program) browser = await Browser.Start(program);
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        if (browser is not null) await browser.DisposeAsync();
        Folder.Delete(recursive: true);
    }

    private static async Task<Browser> Open(string fixture, string? model = null)
    {
        if (browser is null)
            Assert.Inconclusive("There is no Chromium: the pages are not opened. Install the package chromium, or name the program in MINT_CHROMIUM.");
        // One page for all tests that look at it.
        string page = Path.Combine(Folder.FullName, fixture + (model is null ? "" : "-attention") + ".html");
        if (!File.Exists(page)) ReportCommand.Run(ReportTests.Fixture(fixture), page, model, Clips, 20_000_000, 12, new Silent(), default);
        await browser.Open(page);
        // Curves are drawn when the page has its layout, which a busy machine may take its time for.
        await browser.Evaluate("(async () => { for (let i = 0; i < 400 && ![...document.querySelectorAll('#losses svg')].every(one => "
            + "one.querySelector('path.curve')); i++) await new Promise(done => setTimeout(done, 50)); return true; })()");
        return browser;
    }

    // Nothing was asked for but the page, nothing was logged, and no one's words became script or markup.
    private static async Task NothingRan(Browser page)
    {
        await page.Evaluate("new Promise(done => setTimeout(done, 50))");
        Assert.AreEqual("undefined", (string?)await page.Evaluate("typeof window.pwned"));
        Assert.AreEqual(0, (int)(await page.Evaluate("document.querySelectorAll('img, main script, header script, main b').length"))!);
        CollectionAssert.AreEqual(Array.Empty<string>(), page.Problems.ToArray());
        string[] asked =
            [.. page.Requests.Where(url => !(url.StartsWith("file://", StringComparison.Ordinal) && url.EndsWith(".html", StringComparison.Ordinal)))];
        CollectionAssert.AreEqual(Array.Empty<string>(), asked);
    }

    private static async Task<string[]> Texts(Browser page, string selector) =>
        [.. (await page.Evaluate($"[...document.querySelectorAll({System.Text.Json.JsonSerializer.Serialize(selector)})].map(node => "
            + "node.textContent)"))!.AsArray().Select(text => (string)text!)];

    [TestMethod]
    public async Task A_run_opens_with_its_curves_drawn_and_nothing_else_asked_for()
    {
        var page = await Open("run");
        await NothingRan(page);
        CollectionAssert.AreEqual(new[] { "Run", "Losses", "Validation", "Rate, speed and memory", "Retrieval", "Options" }, await Texts(page, "h2"));
        CollectionAssert.AreEqual(new[] { "contrastive", "matching", "total" }, await Texts(page, "#losses figcaption span"));
        // 80 steps are 80 points of the raw curve, and as many of its mean.
        var points =
            (await page.Evaluate("[...document.querySelectorAll('#losses svg')].map(one => ['raw', 'curve'].map(name => one.querySelector('path.' + "
            + "name).getAttribute('d').split(/[ML]/).length - 1))"))!;
        Assert.AreEqual("[[80,80],[80,80],[80,80]]", points.ToJsonString());
        // The loss falls, so its curve does: SVG's y grows downwards.
        Assert.IsTrue((bool)(await page.Evaluate("(() => { const y = document.querySelector('#losses "
            + "path.curve').getAttribute('d').match(/[\\d.]+(?=[ML]|$)/g).map(Number); return y[0] < y.at(-1) - 50; })()"))!);
        CollectionAssert.Contains(await Texts(page, "#options td"), "</script><script>window.pwned=1</script>");
        CollectionAssert.Contains(await Texts(page, "#retrieval q"), "a <b>cowbell</b> & \"more\" \u2028 of it");
        Assert.AreEqual(1, (await Texts(page, ".missing")).Count(text => text.Contains("no such file", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task A_curve_tells_its_values_to_the_pointer_and_to_the_arrow_keys()
    {
        var page = await Open("run");
        const string Press = "(key => { const svg = document.querySelector('#losses svg'); svg.focus(); svg.dispatchEvent(new KeyboardEvent('keydown', { "
            + "key, bubbles: true })); return [document.getElementById('tip').hidden, ...[...document.getElementById('tip').children].map(one => "
            + "one.textContent)]; })";
        var first = (await page.Evaluate(Press + "('Home')"))!;
        Assert.AreEqual("[false,\"step 1\",\"4.805\",\"mean 4.805\"]", first.ToJsonString()); // the log's first contrastive loss is 4.8049
        Assert.AreEqual("step 2", (string?)(await page.Evaluate(Press + "('ArrowRight')"))![1]);
        // Every chart marks the step: 2 is nearest to the validation's first, 20.
        CollectionAssert.Contains(await Texts(page, "#validation output"), "0.05 at 20");
        Assert.IsTrue((bool)(await page.Evaluate(Press + "('Escape')"))![0]!);

        var box =
            (await page.Evaluate("(() => { const box = document.querySelector('#losses svg').getBoundingClientRect(); return [box.left, box.top, "
            + "box.width]; })()"))!;
        await page.Call("Input.dispatchMouseEvent", new()
        {
            ["type"] = "mouseMoved",
            ["x"] = (double)box[0]! + (double)box[2]! - 8,
            ["y"] = (double)box[1]! + 60,
        });
        StringAssert.StartsWith((string?)await page.Evaluate("new Promise(done => setTimeout(() => done(document.getElementById('tip').textContent), 50))"),
            "step 80");
    }

    [TestMethod]
    public async Task An_evaluation_opens_with_hostile_labels_as_text_and_the_right_counts()
    {
        var page = await Open("evaluation");
        await NothingRan(page);
        string[] labels = ["drum", "<script>window.pwned=1</script>", "\"><img src=x onerror=\"window.pwned=1\">", "crow & {{data}} \u2028"];
        Assert.AreEqual("Four </script><script>window.pwned=1</script> labels", (await Texts(page, "h1")).Single());
        CollectionAssert.AreEqual(labels, await Texts(page, ".confusion tbody th"));
        CollectionAssert.AreEqual(labels, await Texts(page, ".confusion thead th"));
        string[] cells = await Texts(page, ".confusion tbody td");
        CollectionAssert.AreEqual("2 1 · · · 1 1 · 1 · 1 · · · · 1".Split(' '), cells); // as counted by hand from items.jsonl
        // A cell shows its clips.
        await page.Evaluate("document.querySelectorAll('.confusion tbody tr')[0].querySelectorAll('button')[1].click()");
        CollectionAssert.AreEqual(new[] { "drum_heavy_kick.ogg" }, await Texts(page, "#clips tbody .clip span"));
        Assert.IsGreaterThan(0,
            (int)(await page.Evaluate("(() => { const canvas = document.querySelector('canvas.spectrogram'); return new "
            + "Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size; })()"))! - 20, "colours of a spectrogram");
        StringAssert.Contains((await Texts(page, "#worst .note"))[0], "gone.zip was not found");
        await NothingRan(page);
    }

    [TestMethod]
    public async Task The_policy_of_a_page_runs_no_other_script_and_opens_no_connection()
    {
        var page = await Open("run");
        await page.Evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.pwned = 1' }))");
        await page.Evaluate("document.body.insertAdjacentHTML('beforeend', '<a id=a href=\"javascript:window.pwned=1\">a</a><img src=data: "
            + "onerror=\"window.pwned=1\">'), document.getElementById('a').click()");
        Assert.AreEqual("refused", (string?)await page.Evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => 'refused')"));
        await page.Evaluate("new Promise(done => setTimeout(done, 100))");
        Assert.AreEqual("undefined", (string?)await page.Evaluate("typeof window.pwned"));
        Assert.IsGreaterThanOrEqualTo(4, page.Problems.Count(problem => problem.Contains("Content Security Policy", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task The_attention_of_each_query_is_drawn_and_told()
    {
        string model = Path.Combine(EightClips.Shared.Folder, "paged.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, model);
        var page = await Open("evaluation", model);
        Assert.AreEqual("[3,true]",
            (await page.Evaluate("(() => { const canvas = document.querySelector('canvas.attention'); return [canvas.height, "
            + "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value === 255)]; })()"))!.ToJsonString());
        string told =
            (string)(await page.Evaluate("(() => { const canvas = document.querySelector('canvas.attention'); canvas.scrollIntoView(); const box = "
            + "canvas.getBoundingClientRect(); canvas.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: box.left + 1, clientY: "
            + "box.bottom - 1 })); return document.getElementById('tip').textContent; })()"))!;
        StringAssert.StartsWith(told, "query 3, 0");
        await NothingRan(page);
    }

    [TestMethod]
    public async Task A_sound_plays()
    {
        var page = await Open("evaluation");
        const string Wait = "(async audio => { await audio.play(); for (let i = 0; i < 100 && audio.currentTime === 0; i++) await new Promise(done => "
            + "setTimeout(done, 20)); return [audio.readyState >= 2, audio.duration, audio.currentTime]; })";
        var card = (await page.Evaluate(Wait + "(document.querySelector('.card audio'))"))!;
        Assert.IsTrue((bool)card[0]!);
        Assert.IsGreaterThan(0.1, (double)card[1]!);
        Assert.IsGreaterThan(0, (double)card[2]!);
        // The buttons of a list share one player, which stops the others.
        await page.Evaluate("document.querySelector('#clips .play').click()");
        var listed = (await page.Evaluate(Wait + "(stage)"))!;
        Assert.IsGreaterThan(0, (double)listed[2]!);
        Assert.IsTrue((bool)(await page.Evaluate("document.querySelector('.card audio').paused"))!);
        Assert.AreEqual("true", (string?)await page.Evaluate("document.querySelector('#clips .play').getAttribute('aria-pressed')"));
        await NothingRan(page);
    }

    [TestMethod]
    public async Task A_click_on_a_heading_sorts_and_a_second_turns_round()
    {
        var page = await Open("evaluation");
        async Task<string[]> Sorted(string heading)
        {
            await page.Evaluate($"[...document.querySelectorAll('#classes thead button')].find(one => one.textContent === '{heading}').click()");
            return await Texts(page, "#classes table:first-of-type tbody tr td:nth-child(2)");
        }
        // Support of the four classes, by hand: 3, 2, 2, 1.
        CollectionAssert.AreEqual(new[] { "3", "2", "2", "1" }, (await Sorted("support")).Take(4).ToArray());
        CollectionAssert.AreEqual(new[] { "1", "2", "2", "3" }, (await Sorted("support")).Take(4).ToArray());
        await Sorted("class");
        string[] names = [.. (await Texts(page, "#classes tbody th")).Take(4)];
        await Sorted("class");
        CollectionAssert.AreEqual(names.Reverse().ToArray(), (await Texts(page, "#classes tbody th")).Take(4).ToArray());
        Assert.AreEqual("descending", (string?)await page.Evaluate("document.querySelector('#classes th[aria-sort]').getAttribute('aria-sort')"));
    }

    [TestMethod]
    [DataRow("run")]
    [DataRow("evaluation")]
    public async Task A_phone_scrolls_down_only(string fixture)
    {
        var page = await Open(fixture);
        await page.Call("Emulation.setDeviceMetricsOverride", new() { ["width"] = 360, ["height"] = 740, ["deviceScaleFactor"] = 2, ["mobile"] = true });
        try
        {
            await page.Evaluate("new Promise(done => setTimeout(done, 100))");
            Assert.IsLessThanOrEqualTo(360, (int)(await page.Evaluate("document.documentElement.scrollWidth"))!);
        }
        finally
        {
            await page.Call("Emulation.clearDeviceMetricsOverride", []);
        }
    }
}
