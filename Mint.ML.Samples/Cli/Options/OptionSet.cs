using System.Collections;
using System.CommandLine;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>
/// Command-line options that fill a record: each is declared once, with the property it reads its default from and writes its value to. Its name is the
/// property's, in lower case with dashes.
/// </summary>
/// <param name="defaults">What options that are not given leave as it is.</param>
internal sealed class OptionSet<T>(T defaults) : IEnumerable<Option>
{
    private readonly List<(Option Option, Func<ParseResult, T, T> Apply, Func<T, object?> Of)> all = [];

    public void Add<V>(string name, string description, Func<T, V> of, Func<T, V, T> with)
    {
        if (typeof(V).IsEnum)
        {
            var named = EnumOption.Create<V>(name, description, of(defaults));
            all.Add((named, (parse, record) => with(record, OptionNames.Parse<V>(parse.GetValue(named)!)), record => of(record)));
        }
        else
        {
            Option<V> option = NumberOption<V>.Fits ? new NumberOption<V>(name) : new Option<V>(name);
            (option.Description, option.DefaultValueFactory) = (description, _ => of(defaults));
            all.Add((option, (parse, record) => with(record, parse.GetValue(option)!), record => of(record)));
        }
    }

    /// <summary>The record that a command line asks for.</summary>
    public T Read(ParseResult parse) => all.Aggregate(defaults, (record, option) => option.Apply(parse, record));

    /// <summary>A record with what a command line or its recipe says, and nothing else, changed.</summary>
    public T Read(ParseResult parse, T before) =>
        all.Where(entry => parse.Says(entry.Option)).Aggregate(before, (record, option) => option.Apply(parse, record));

    /// <summary>Whether a command line or its recipe says a value, be it the default one.</summary>
    public bool Says(ParseResult parse, string name) => Named(name).Any(parse.Says);

    /// <summary>Some of the options.</summary>
    public IEnumerable<Option> Named(params string[] names) => names.Select(name => all.Single(entry => entry.Option.Name == name).Option);

    /// <summary>The options that a command line or its recipe says, each with the property that it fills.</summary>
    public IEnumerable<(string Name, Func<T, object?> Of)> Said(ParseResult parse) =>
        all.Where(entry => parse.Says(entry.Option)).Select(entry => (entry.Option.Name, entry.Of));

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

/// <summary>An option that takes an enumeration's value by the name that recipes have for it.</summary>
internal static class EnumOption
{
    public static Option<string> Create<V>(string name, string description, V value)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => OptionNames.ForValue((Enum)(object)value!) };
        option.AcceptOnlyFromAmong(OptionNames.All(typeof(V)));
        return option;
    }
}
