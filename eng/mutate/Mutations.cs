using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxKind;

/// <summary>One changed expression: where it is, as it was, and as it is made.</summary>
internal sealed record Mutation(string File, int Line, ExpressionSyntax Before, string After)
{
    /// <summary>Names the mutation in the log; the same from run to run.</summary>
    public string Key => $"{File}:{Line}\t{Mutations.OneLine(Before.ToString())}\t{Mutations.OneLine(After)}";
}

/// <summary>Draws lines of code by a seed and changes one thing in each.</summary>
internal static class Mutations
{
    private static readonly Dictionary<SyntaxKind, string> operators = new()
    {
        [LessThanExpression] = "<=", [LessThanOrEqualExpression] = "<", [GreaterThanExpression] = ">=", [GreaterThanOrEqualExpression] = ">",
        [EqualsExpression] = "!=", [NotEqualsExpression] = "==", [LogicalAndExpression] = "||", [LogicalOrExpression] = "&&",
        [AddExpression] = "-", [SubtractExpression] = "+", [MultiplyExpression] = "/", [DivideExpression] = "*",
    };

    /// <summary>All lines that can be changed, in the seed's order, each with one change. Every line of code is as likely as another.</summary>
    public static Mutation[] Draw(string root, int seed)
    {
        // Native/ loads libraries before any test runs: a change there stops the test program, not a test.
        var files = Directory.EnumerateFiles(Path.Combine(root, "Mint.ML"), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))
            .Where(file => !file.Contains("/bin/") && !file.Contains("/obj/") && !file.Contains("/Native/") && !file.Contains("Progress"))
            .Order(StringComparer.Ordinal);
        var random = new Random(seed);
        var drawn = new List<Mutation>();
        foreach (var file in files)
        {
            var tree = CSharpSyntaxTree.ParseText(File.ReadAllText(Path.Combine(root, file)));
            var byLine = tree.GetRoot().DescendantNodes().OfType<ExpressionSyntax>().Where(CanChange)
                .Select(node => new Mutation(file, LineOf(tree, node), node, Changed(node)))
                .GroupBy(mutation => mutation.Line);
            drawn.AddRange(byLine.Select(places => places.ElementAt(random.Next(places.Count()))));
        }
        var order = drawn.ToArray();
        random.Shuffle(order);
        return order;
    }

    private static int LineOf(SyntaxTree tree, ExpressionSyntax node)
    {
        var span = node is BinaryExpressionSyntax binary ? binary.OperatorToken.Span : node.Span;
        return tree.GetLineSpan(span).StartLinePosition.Line + 1;
    }

    private static bool CanChange(ExpressionSyntax node) =>
        (operators.ContainsKey(node.Kind()) || node.Kind() is TrueLiteralExpression or FalseLiteralExpression or NumericLiteralExpression || IsMinOrMax(node))
        // What must be a constant cannot be switched, and messages are not asserted word for word.
        && !node.Ancestors().Any(above => above is AttributeSyntax or ThrowStatementSyntax or ThrowExpressionSyntax or PatternSyntax or ParameterSyntax
            or CaseSwitchLabelSyntax or InterpolationSyntax or EnumMemberDeclarationSyntax
            || above is FieldDeclarationSyntax field && field.Modifiers.Any(ConstKeyword)
            || above is LocalDeclarationStatementSyntax { IsConst: true })
        && !node.DescendantNodes()
            .Any(below => below is LiteralExpressionSyntax { RawKind: (int)StringLiteralExpression } or InterpolatedStringExpressionSyntax);

    private static bool IsMinOrMax(ExpressionSyntax node) =>
        node is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Min" or "Max" } };

    private static string Changed(ExpressionSyntax node) => node switch
    {
        BinaryExpressionSyntax binary => $"{binary.Left} {operators[node.Kind()]} {binary.Right}",
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax called } call =>
            $"{called.Expression}.{(called.Name.Identifier.Text == "Min" ? "Max" : "Min")}{call.ArgumentList}",
        _ when node.IsKind(TrueLiteralExpression) => "false",
        _ when node.IsKind(FalseLiteralExpression) => "true",
        _ => OneMore(node.ToString()),
    };

    private static string OneMore(string number)
    {
        var digits = number.TrimEnd('f', 'L', 'd', 'm', 'u', 'U').Replace("_", "");
        var value = number.StartsWith("0x") || !decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? number + " + 1"
            : (parsed + 1).ToString(CultureInfo.InvariantCulture);
        return value + (number.StartsWith("0x") ? "" : number[number.TrimEnd('f', 'L', 'd', 'm', 'u', 'U').Length..]);
    }

    /// <summary>Without line breaks, so that the lines the compiler names stay those of the source.</summary>
    public static string OneLine(string code) => string.Join(' ', code.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The file's text with each of its mutations behind a switch: the number says which one is on.</summary>
    public static string Switched(string source, IEnumerable<(int Number, Mutation Mutation)> mutations)
    {
        // From the end to the beginning, so that the places before stay where they are; of two nested ones the caller keeps one.
        foreach (var (number, mutation) in mutations.OrderByDescending(pair => pair.Mutation.Before.SpanStart))
        {
            var span = mutation.Before.Span;
            var after = mutation.After.Contains("//") ? mutation.After : OneLine(mutation.After);
            source = $"{source[..span.Start]}(global::Mutant.Is({number}) ? ({after}) : ({mutation.Before})){source[span.End..]}";
        }
        return source;
    }
}
