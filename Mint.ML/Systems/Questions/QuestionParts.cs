using System.Text.RegularExpressions;

namespace Mint.ML.Systems.Questions;

/// <summary>What the forms of questions have in common. A form's own white space means nothing (<see cref="Options"/>).</summary>
internal static class QuestionParts
{
    public const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace;

    /// <summary>What may stand before a thing.</summary>
    public const string Article = @"(?:an?\s+|the\s+|any\s+|some\s+)?";

    /// <summary>The whole of what is heard.</summary>
    public const string It = @"(?:it|this|that|(?:the|this)\s+(?:sound|noise|recording|clip|audio))";

    /// <summary>What may end a question: where, and its mark.</summary>
    public const string End = @"(?:\s+(?:here|there|in\s+(?:it|(?:this|the)\s+(?:recording|clip|audio|sound|background))))?\s*[?.]*$";
}
