using System.Text;

namespace Mint.ML.Samples.Cli;

/// <summary>The standard output or error without control characters: a file's name, an id or a caption may hold any, and a terminal obeys them.</summary>
/// <remarks>JSON and CSV lines escape theirs before they come here, so that nothing is lost in them.</remarks>
/// <param name="inner">Where it goes.</param>
/// <param name="writing">Called before each write.</param>
/// <param name="lost">Told that nothing can be written there, as where it is closed; null lets the exception through.</param>
internal sealed class PlainWriter(TextWriter inner, Action? writing = null, Action<Exception>? lost = null) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <summary>A text whose control characters are pictures: ESC is ␛; those that turn the direction of writing become U+FFFD.</summary>
    public static string Plain(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 ? text
        : string.Create(text.Length, text, (characters, from) =>
        {
            for (int i = 0; i < from.Length; i++)
                characters[i] = from[i] == '\r' && i + 1 < from.Length && from[i + 1] == '\n' ? '\r' : Plain(from[i]);
        });

    /// <inheritdoc/>
    public override void Write(char value) => Send($"{(value == '\r' ? value : Plain(value))}");

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    /// <inheritdoc/>
    public override void Write(string? value) => Send(Plain(value ?? ""));

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Send(Plain(value ?? "") + inner.NewLine);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    private void Send(string text)
    {
        writing?.Invoke();
        try
        {
            inner.Write(text);
        }
        catch (Exception error) when (lost is not null && error is (IOException or UnauthorizedAccessException))
        {
            lost(error); // a closed one gives the latter
        }
    }

    private static char Plain(char c) => c switch
    {
        '\n' or '\t' => c,
        < ' ' => (char)('\u2400' + c),
        '\x7f' => '\u2421',
        (>= '\x80' and < '\xa0') or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => '\ufffd',
        _ => c,
    };
}
