using Mint.ML.Files;

namespace Mint.ML.ExtensionsAI;

/// <summary>What a chat model is told to make questions and answers of captions (MusiLingo, section 2.2): four text files of a folder.</summary>
/// <param name="Task">task.txt: the task, as a system message. Replies hold pairs of lines that begin with "Q:" and "A:".</param>
/// <param name="Examples">examples.txt: questions of the kind that is wanted.</param>
/// <param name="Query">query.txt: the concluding query; <c>{caption}</c> is filled in.</param>
/// <param name="Check">check.txt: whether a pair is true to its caption, to be answered by yes or no; <c>{caption}</c>, <c>{question}</c> and
/// <c>{answer}</c> are filled in.</param>
public sealed record QuestionPrompts(string Task, string Examples, string Query, string Check)
{
    /// <summary>Reads the four files.</summary>
    /// <exception cref="FileNotFoundException">One is missing.</exception>
    /// <exception cref="InvalidDataException">One lacks a place that is filled in; the message says which.</exception>
    public static QuestionPrompts Read(string folder)
    {
        var prompts = new QuestionPrompts(Text("task.txt"), Text("examples.txt"), Text("query.txt"), Text("check.txt"));
        Needs("query.txt", prompts.Query, "{caption}");
        Needs("check.txt", prompts.Check, "{caption}", "{question}", "{answer}");
        return prompts;

        string Text(string name)
        {
            string path = Path.Combine(folder, name);
            return File.Exists(path) ? TextFile.Read(path).Trim()
                : throw new FileNotFoundException($"{folder} has no {name}; prompts are task.txt, examples.txt, query.txt and check.txt.", path);
        }

        void Needs(string name, string text, params string[] places)
        {
            foreach (string place in places)
            {
                if (!text.Contains(place, StringComparison.Ordinal))
                    throw new InvalidDataException($"{Path.Combine(folder, name)} has no {place}, which is filled in.");
            }
        }
    }
}
