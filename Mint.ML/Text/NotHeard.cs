namespace Mint.ML.Text;

/// <summary>Answers that something is not there, or cannot be told: what one window of a recording says so, another one may hear.</summary>
internal static class NotHeard
{
    public const string No = "no", Neither = "neither is heard";
    private const string NotTold = "that cannot be told; what is heard: ";

    /// <summary>None of a kind is heard: "no animal is heard".</summary>
    public static string NoneOf(string kind) => $"no {kind} is heard";

    /// <summary>What is asked cannot be told of what is heard.</summary>
    public static string CannotTell(string heard) => NotTold + heard;

    /// <summary>Whether an answer is one of these.</summary>
    public static bool Says(string answer) => answer is No or Neither || answer.StartsWith(NotTold, StringComparison.Ordinal)
        || (answer.StartsWith("no ", StringComparison.Ordinal) && answer.EndsWith(" is heard", StringComparison.Ordinal));
}
