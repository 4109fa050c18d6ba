namespace Mint.ML.Samples.Scenarios;

/// <summary>A program of one screen, which shows how the library is used.</summary>
/// <param name="Name">What <c>mint scenario</c> calls it.</param>
/// <param name="About">What it shows.</param>
/// <param name="Run">The program; its parameters are the command's arguments.</param>
internal sealed record Scenario(string Name, string About, Delegate Run)
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("clips", "A small bridge trained on the clips that ship, saved, loaded and asked", TrainOnClips.Run),
        new("start", "The first program: a caption and the likeliest label", GettingStarted.Run),
        new("ask", "Caption, question, label and streaming about a sound file", AskAboutAFile.Run),
        new("tag", "Several labels, each true or not by itself", TagAFile.Run),
        new("search", "The sounds of a folder that fit a text", SearchAFolder.Run),
        new("conversation", "Several questions about one sound, with what was said before", Conversation.Run),
        new("chat", "A chat about a sound, and vectors, by Microsoft.Extensions.AI", Chat.Run),
        new("serve", "A model in an ASP.NET Core program, and a request to it", Serve.Run),
        new("evaluate", "A model measured on a recipe", EvaluateAModel.Run),
        new("probe", "Logistic regression on what a frozen encoder hears", LinearProbe.Run),
        new("pipeline", "Both stages as an ML.NET pipeline", TrainAPipeline.Run),
        new("ranks", "A bridge that several processes train together, under mpirun", TrainWithRanks.Run),
        new("experiment", "A search for the options that tell most families of notes", Experiment.Run),
        new("train", "Both stages without ML.NET", TrainWithoutMLNet.Run),
    ];
}
