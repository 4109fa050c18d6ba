using System.Collections;
using System.CommandLine;

namespace Mint.ML.Samples.Training;

/// <summary>Command-line options that fill a record: each is declared once, with the property it reads its default from and writes its value to.</summary>
/// <param name="defaults">What options that are not given leave as it is.</param>
internal sealed class OptionSet<T>(T defaults) : IEnumerable<Option>
{
    private readonly List<(Option Option, Func<ParseResult, T, T> Apply)> all = [];

    public void Add<V>(string name, string description, Func<T, V> of, Func<T, V, T> with)
    {
        var option = new Option<V>(name) { Description = description, DefaultValueFactory = _ => of(defaults) };
        all.Add((option, (parse, record) => with(record, parse.GetValue(option)!)));
    }

    /// <summary>The record that a command line asks for.</summary>
    public T Read(ParseResult parse) => all.Aggregate(defaults, (record, option) => option.Apply(parse, record));

    public IEnumerator<Option> GetEnumerator() => all.Select(entry => entry.Option).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

internal static class OptionSetExtensions
{
    public static void Add<T>(this Command command, OptionSet<T> options)
    {
        foreach (var option in options) command.Options.Add(option);
    }
}
