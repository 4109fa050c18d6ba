using System.IO.Compression;
using System.Text.RegularExpressions;

namespace Compat.Tests.Conformance;

/// <summary>A type of the real package: its declaration, what it derives from, and its members.</summary>
internal sealed record ListedType(string Name, string Declaration, string[] Bases, HashSet<string> Members);

/// <summary>
/// The list of a real package's public API. Two notations occur, `type X = ...` with `X::member = ...` and
/// `TYPE X :: ...` with `X :: member`; <see cref="Normalise"/> takes out what means nothing (spaces, number suffixes, [Obsolete]).
/// </summary>
internal sealed partial class ApiList
{
    private readonly Dictionary<string, ListedType> _types = [];
    public bool MemberFirst { get; private set; }

    public static ApiList Read(params string[] files) => Parse(files.SelectMany(Lines));

    public static ApiList Parse(IEnumerable<string> lines)
    {
        var list = new ApiList();
        foreach (string line in lines) list.Add(line);
        return list;
    }

    private static IEnumerable<string> Lines(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(Folder(), file + ".txt.gz")), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line) yield return line;
    }

    public ListedType? Find(string type) => _types.GetValueOrDefault(Normalise(type));
    public IEnumerable<string> TypeNames => _types.Keys;

    /// <summary>Everything a type derives from or implements, as far as the list tells, with type arguments put in.</summary>
    public IEnumerable<string> Ancestors(ListedType type)
    {
        foreach (string parent in type.Bases)
        {
            yield return parent;
            if (FindConstructed(parent) is { } listed)
                foreach (string ancestor in Ancestors(listed)) yield return ancestor;
        }
    }

    /// <summary>Whether the member stands at the type or is inherited from one of its bases; overriding changes nothing for a caller.</summary>
    public bool Has(ListedType type, string member) =>
        type.Members.Contains(member) ||
        type.Bases.Select(FindConstructed).Any(parent => parent is not null && HasInherited(parent, WithoutOverriding(member)));

    private bool HasInherited(ListedType type, string member) =>
        type.Members.Any(m => WithoutOverriding(m) == member) ||
        type.Bases.Select(FindConstructed).Any(parent => parent is not null && HasInherited(parent, member));

    /// <summary>The listed generic type `X&lt;T&gt;` seen as `X&lt;int&gt;`.</summary>
    private ListedType? FindConstructed(string name)
    {
        if (_types.TryGetValue(name, out var exact)) return exact;
        var (path, arguments) = SplitArguments(name);
        var open = _types.Values.FirstOrDefault(t => SplitArguments(t.Name) is var (p, a) && p == path && a.Count == arguments.Count);
        if (open is null) return null;
        var parameters = SplitArguments(open.Name).Arguments;
        string Put(string text)
        {
            for (int i = 0; i < parameters.Count; i++) text = Regex.Replace(text, $@"\b{Regex.Escape(parameters[i])}\b(?! [,)=])", $"\u0001{i}\u0002");
            for (int i = 0; i < parameters.Count; i++) text = text.Replace($"\u0001{i}\u0002", arguments[i]);
            return text;
        }
        return new ListedType(name, open.Declaration, open.Bases.Select(Put).ToArray(), open.Members.Select(Put).ToHashSet());
    }

    private void Add(string line)
    {
        if (line.Length == 0 || line[0] == '#') return;
        if (line.StartsWith("type ", StringComparison.Ordinal))
        {
            MemberFirst = true;
            int at = line.IndexOf(" = ", StringComparison.Ordinal);
            AddType(line[5..at], line[(at + 3)..]);
        }
        else if (line.StartsWith("TYPE ", StringComparison.Ordinal))
        {
            int at = line.IndexOf(" :: ", StringComparison.Ordinal);
            AddType(line[5..at], line[(at + 4)..]);
        }
        else
        {
            string separator = MemberFirst ? "::" : " :: ";
            int at = line.IndexOf(separator, StringComparison.Ordinal);
            Member(line[..at].Trim()).Members.Add(Normalise(line[(at + separator.Length)..]));
        }
    }

    // In one of the notations members come before their type's own line.
    private ListedType Member(string type) =>
        _types.TryGetValue(Normalise(type), out var known) ? known : _types[Normalise(type)] = new ListedType(Normalise(type), "", [], []);

    private void AddType(string name, string text)
    {
        text = Normalise(text.Split("   //")[0]);
        string where = text.IndexOf(" where ", StringComparison.Ordinal) is >= 0 and var w ? text[w..] : "";
        string head = text[..(text.Length - where.Length)];
        int colon = head.IndexOf(" : ", StringComparison.Ordinal);
        bool isEnum = head.Contains("enum ");
        string declaration = (colon < 0 || isEnum ? head : head[..colon]) + where;
        var bases = colon < 0 || isEnum ? [] : SplitTop(head[(colon + 3)..]).ToArray();
        _types[Normalise(name)] = new ListedType(Normalise(name), declaration, bases, Member(name).Members);
    }

    public static string WithoutOverriding(string member) => Overriding().Replace(member, "");

    public static string Normalise(string text)
    {
        text = Obsolete().Replace(text, "");
        text = Spaces().Replace(text, m => m.Value[..1]);
        text = EnumDefault().Replace(text, "= $1");
        return NumberSuffix().Replace(text, "$1").Trim();
    }

    internal static List<string> SplitTop(string text)
    {
        var parts = new List<string>();
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '<' or '(' or '[') depth++;
            if (text[i] is '>' or ')' or ']') depth--;
            if (text[i] != ',' || depth != 0) continue;
            parts.Add(text[start..i].Trim());
            start = i + 1;
        }
        parts.Add(text[start..].Trim());
        return parts;
    }

    private static (string Path, List<string> Arguments) SplitArguments(string name)
    {
        var arguments = new List<string>();
        var path = new System.Text.StringBuilder();
        int depth = 0, start = 0;
        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] == '<' && depth++ == 0) start = i + 1;
            else if (name[i] == '>' && --depth == 0) { arguments.AddRange(SplitTop(name[start..i])); path.Append('`'); }
            else if (depth == 0) path.Append(name[i]);
        }
        return (path.ToString(), arguments);
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Mint.ML.sln"))) return Path.Combine(folder.FullName, "tests", "fixtures", "api");
        throw new DirectoryNotFoundException("Mint.ML.sln is in no folder above the tests");
    }

    [GeneratedRegex(@"\b(virtual|abstract|override|sealed override|sealed) ")] private static partial Regex Overriding();
    [GeneratedRegex(@"\s*\[Obsolete[^\]]*\]\s?")] private static partial Regex Obsolete();
    [GeneratedRegex(@",\s+")] private static partial Regex Spaces();
    [GeneratedRegex(@"= (?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)(?=[,)]|$)")] private static partial Regex EnumDefault();
    [GeneratedRegex(@"(= -?(?:[0-9][0-9.E+-]*|Infinity))[dfmulDFMUL]+(?=[,)]|$)")] private static partial Regex NumberSuffix();
}
