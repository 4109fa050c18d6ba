namespace Mint.ML;

/// <summary>Gathers all that is wrong with options, so that one error tells it before anything begins.</summary>
public sealed class OptionErrors
{
    private readonly List<string> errors = [];

    /// <summary>Everything that is wrong so far, a sentence each; null while nothing is.</summary>
    public string? Message => errors.Count == 0 ? null : Brief.Sentences(errors);

    /// <param name="holds">What has to be true; write ranges so that NaN is out of them.</param>
    /// <param name="error">A sentence that says what was given and what is expected.</param>
    public void Require(bool holds, string error)
    {
        if (!holds) errors.Add(error);
    }

    /// <summary>Whether a value is one that its enumeration has.</summary>
    public void RequireKnown<TEnum>(string name, TEnum value) where TEnum : struct, Enum =>
        Require(Enum.IsDefined(value), $"{name} is {value}; expected one of {string.Join(", ", OptionNames.All(typeof(TEnum)))}.");

    /// <summary>Takes what another check reports, of a value or of a file that an option names.</summary>
    public void Gather(Action check)
    {
        try
        {
            check();
        }
        catch (Exception error) when (error is ArgumentException or IOException or InvalidDataException or NotSupportedException)
        {
            errors.Add(error.Message);
        }
    }

    /// <summary>Runs checks to the end and reports what all of them say.</summary>
    /// <exception cref="ArgumentException">Something is wrong.</exception>
    public static void Check(params ReadOnlySpan<Action> checks)
    {
        var all = new OptionErrors();
        foreach (var check in checks) all.Gather(check);
        all.Throw();
    }

    /// <param name="step">The step whose options they are, in front of the message; null for none.</param>
    /// <exception cref="ArgumentException">Something is wrong; the message has every sentence.</exception>
    public void Throw(string? step = null)
    {
        if (Message is not { } all) return;
        throw step is null ? new ArgumentException(all) : new ArgumentException($"{step}: {all}", "options");
    }
}
