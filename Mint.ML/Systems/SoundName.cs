namespace Mint.ML.Systems;

/// <summary>What is said of a sound that stage 1 knows by a name.</summary>
/// <param name="Caption">A clause: "a dog barks".</param>
/// <param name="Noun">The sound as a thing, which the language model is told and lists give: "a dog's bark".</param>
/// <param name="Kinds">What it is a kind of, the narrowest first ("a bird", "an animal"): said where no name of the kind is likely enough.</param>
/// <param name="Place">"indoors" or "outdoors", where the sound itself tells; null of what is heard in both.</param>
public sealed record SoundName(string Caption, string Noun, IReadOnlyList<string> Kinds, string? Place = null);
