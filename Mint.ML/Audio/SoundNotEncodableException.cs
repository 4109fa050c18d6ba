namespace Mint.ML.Audio;

/// <summary>An encoder cannot encode a sound as it is: it is too short for one frame, or empty. Other sounds are not concerned.</summary>
/// <param name="message">Which sound, what is wrong with it, and what the encoder needs.</param>
/// <param name="inner">What was thrown below, if anything.</param>
public sealed class SoundNotEncodableException(string message, Exception? inner = null) : ArgumentException(message, inner);
