using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>data2vec, wav2vec 2.0, HuBERT and MERT: waveform to frames, with and without a mask.</summary>
internal static class SpeechEncoders
{
    public static void Data2Vec(Fixture fixture) => Run(fixture, Data2VecAudio.Load(fixture.Path, device: fixture.Device));

    public static void Wav2Vec(Fixture fixture) => Run(fixture, Wav2Vec2.Load(fixture.Path, device: fixture.Device));

    public static void HuBert(Fixture fixture) => Run(fixture, Hubert.Load(fixture.Path, device: fixture.Device));

    private static void Run(Fixture fixture, SpeechEncoder model)
    {
        using (model)
        {
            Tensor values = fixture["input_values"];
            var alone = model.ForwardHidden(values.narrow(0, 0, 1));
            fixture.EachClose("nomask.hidden_states", alone.HiddenStates);
            fixture.Close("nomask.last_hidden_state", alone.HiddenStates[^1]);
            if (fixture.Has("nomask.extract_features")) fixture.Close("nomask.extract_features", alone.Features);
            fixture.Close("batch_nomask.last_hidden_state", model.ForwardHidden(values).HiddenStates[^1]);

            var masked = model.ForwardHidden(values, fixture.Mask("attention_mask"));
            Tensor valid = fixture.Mask("masked.feature_attention_mask");
            fixture.Same("masked.feature_attention_mask", masked.Mask);
            fixture.EachClose("masked.hidden_states", masked.HiddenStates, valid);
            fixture.Close("masked.last_hidden_state", masked.HiddenStates[^1], valid);
            long[] frames = [.. fixture["conv_lengths_in"].cpu().data<long>().ToArray().Select(model.Config.Frames)];
            fixture.Same("conv_lengths_out", tensor(frames));
        }
    }
}
