using System.Reflection;

namespace Compat.Tests.Conformance;

/// <summary>Every public and protected member of a stand-in stands, with the same signature, in the real package's API.</summary>
[TestClass]
public class ConformanceTests
{
    [TestMethod]
    [DataRow("TorchSharp", "TorchSharp")]
    [DataRow("NWaves", "NWaves")]
    [DataRow("Microsoft.ML.Tokenizers", "Microsoft.ML.Tokenizers")]
    [DataRow("Microsoft.ML", "Microsoft.ML.DataView", "Microsoft.ML.Core", "Microsoft.ML.Data", "Microsoft.ML.Transforms", "Microsoft.ML.StandardTrainers")]
    public void Every_public_member_is_one_of_the_real_package(string assembly, params string[] lists)
    {
        var violations = Violations(Assembly.Load(assembly), ApiList.Read(lists)).ToList();
        if (violations.Count > 0)
            Assert.Fail($"{violations.Count} in {assembly} that the real package does not have:\n{string.Join("\n", violations)}");
    }

    [TestMethod]
    public void The_check_notices_what_differs_and_passes_what_does_not()
    {
        const string window = "Compat.Tests.Conformance.Wrong.Window";
        var list = ApiList.Parse([
            $"TYPE {window} :: public static class",
            $"{window} :: method public static float[] WrongType(int length)",
            $"{window} :: method public static float[] WrongDefault(int length, double beta = 12)",
            $"{window} :: method public static float[] WrongName(int length)",
            $"{window} :: property public static int WrongAccessor {{ get; }}",
            $"{window} :: method public static T Right<T>(int length, (int low, int high)? range = null, System.DayOfWeek day = DayOfWeek.Monday) where T : class, new()",
        ]);
        var found = Violations(typeof(ConformanceTests).Assembly, list, "Compat.Tests.Conformance.Wrong").ToList();
        string[] wrong = ["WrongType", "WrongDefault", "WrongName", "WrongAccessor", "Extra", "type Compat.Tests.Conformance.Wrong.Invented"];
        foreach (string name in wrong) Assert.IsTrue(found.Any(v => v.Contains(name)), $"{name} was not noticed in:\n{string.Join("\n", found)}");
        Assert.HasCount(wrong.Length, found, string.Join("\n", found));
    }

    private static IEnumerable<string> Violations(Assembly assembly, ApiList list, string? namespacePrefix = null)
    {
        var formatter = new ApiFormatter(list.MemberFirst);
        foreach (var type in assembly.GetTypes().Where(ApiFormatter.IsVisible).OrderBy(t => t.FullName))
        {
            if (namespacePrefix is not null && type.Namespace?.StartsWith(namespacePrefix) != true) continue;
            string name = ApiFormatter.Name(type);
            if (list.Find(name) is not { } listed)
            {
                yield return $"type {name}{Nearest(name, list.TypeNames, name.Split('.')[^1].Split('<')[0])}";
                continue;
            }
            foreach (string difference in TypeDifferences(type, listed, list)) yield return $"type {name}: {difference}";
            foreach (string member in formatter.Members(type))
                if (!list.Has(listed, member)) yield return $"{name} :: {member}{Nearest(member, listed.Members, MemberName(member, list.MemberFirst))}";
        }
    }

    private static IEnumerable<string> TypeDifferences(Type type, ListedType listed, ApiList list)
    {
        string declaration = ApiFormatter.Declaration(type), expected = listed.Declaration;
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            declaration += list.MemberFirst ? " " : " = ";
            declaration += ApiFormatter.DelegateSignature(type);
        }
        if (declaration != expected) yield return $"is '{declaration}', listed '{expected}'";
        if (type.IsEnum || type.IsSubclassOf(typeof(Delegate))) yield break;
        var ancestors = list.Ancestors(listed).ToHashSet();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && !ancestors.Contains(ApiFormatter.Name(parent)))
            yield return $"derives from {ApiFormatter.Name(parent)}, listed are {string.Join("; ", listed.Bases)}";
        foreach (var added in ApiFormatter.OwnInterfaces(type).Where(ApiFormatter.IsVisible).Select(ApiFormatter.Name))
            if (!ancestors.Contains(added)) yield return $"implements {added}, listed are {string.Join("; ", listed.Bases)}";
    }

    private static string MemberName(string member, bool memberFirst)
    {
        string head = memberFirst ? member.Split(" = ")[0] : member;
        int end = head.IndexOfAny(['(', '[', '{']);
        head = (end < 0 ? head : head[..end]).Trim();
        return head[(head.LastIndexOf(' ') + 1)..].Split('<')[0];
    }

    private static string Nearest(string text, IEnumerable<string> listed, string name)
    {
        bool Same(string line) => System.Text.RegularExpressions.Regex.IsMatch(line, $@"(?<![\w]){System.Text.RegularExpressions.Regex.Escape(name)}(?![\w])");
        return string.Concat(listed.Where(Same).OrderBy(l => Math.Abs(l.Length - text.Length)).Take(4).Select(l => $"\n      listed: {l}"));
    }
}
