using Mint.ML.Encoders;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Making.World;

/// <summary>Scenes that were drawn, as stage 2 reads clips.</summary>
internal sealed class SceneFrames(SceneDraw draw, IReadOnlyList<DrawnScene> scenes, int width, string identity) : IFrameSource
{
    public int Count => scenes.Count;

    public int HiddenSize => width;

    public string Identity => identity;

    public long Frames(int clip) => draw.Length(scenes[clip]);

    public AudioEncoding Read(IReadOnlyList<int> clips) => draw.Frames([.. clips.Select(clip => scenes[clip])]);

    /// <summary>What is asked about each, with the right answers: a caption always, and some of the rest.</summary>
    public IReadOnlyList<InstructionExample> Examples(int seed)
    {
        var random = new Random(seed);
        var examples = new List<InstructionExample>();
        for (int clip = 0; clip < scenes.Count; clip++)
        {
            var scene = scenes[clip];
            var questions = (scene.Note is { } note ? WorldLessons.Questions(note, random) : WorldLessons.Questions(scene.Scene, random)).ToArray();
            examples.Add(new(clip, questions[0].Instruction, questions[0].Response));
            foreach (var question in questions.Skip(1).OrderBy(_ => random.Next()).Take(2)) examples.Add(new(clip, question.Instruction, question.Response));
        }
        return examples;
    }
}
