using Mint.ML.Answering;

namespace Mint.ML.Tests.Answering;

[TestClass]
public sealed class RowFuzzTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-fuzz-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow("jsonl")]
    [DataRow("csv")]
    public void Mutated_answers_are_gone_on_with_or_refused_by_file_and_line(string name)
    {
        string path = Path.Combine(folder, "answers." + name);
        var format = RowFormat.ForName(name, "caption", 20);
        using (var output = new FileOutput(path, format, []))
        {
            output.Write(new AnswerRow("a, \"b\".wav") { Seconds = 1.5, Text = "a dog, é" });
            output.Write(new AnswerRow("c.wav") { Error = "no sound" });
        }
        Fuzz.Run([File.ReadAllBytes(path)], bytes =>
        {
            File.WriteAllBytes(path, bytes);
            File.WriteAllText(path + ".settings.json", "{}");
            using var output = new FileOutput(path, format, []);
            output.Has("c.wav");
        }, error => error is InvalidDataException or InvalidOperationException && error.Message.Contains(path), maxAllocated: 4 << 20, part: name);
    }
}
