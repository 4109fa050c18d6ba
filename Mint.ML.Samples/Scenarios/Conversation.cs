using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>Several questions about one sound, where a question may mean what was said before.</summary>
internal static class Conversation
{
    public static void Run(string model = "mint.zip", string sound = "dog.wav",
        string question1 = "What animal is it?", string question2 = "How many are there?")
    {
        #region conversation
        using var mint = AudioLanguageModel.Load(model);
        var turns = new List<(string Question, string Answer)>();
        foreach (string question in (string[])[question1, question2])
        {
            // The model keeps nothing between calls: what was said stands before the next question, without the oldest of it where all is too long.
            // A question that is too long by itself is refused by Ask.
            int first = 0;
            while (first < turns.Count && mint.Answering().UnreadTokens(Asked(first)) > 0) first++;
            string answer = mint.Ask(sound, Asked(first));
            turns.Add((question, answer));
            Console.WriteLine($"{question} {answer}");

            string Asked(int from) => string.Concat(turns.Skip(from).Select(turn => $"{turn.Question} {turn.Answer} ")) + question;
        }
        #endregion
    }
}
