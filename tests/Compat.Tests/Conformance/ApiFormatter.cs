using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Compat.Tests.Conformance;

/// <summary>Writes types and members, as reflection shows them, in the notation of an <see cref="ApiList"/>.</summary>
internal sealed partial class ApiFormatter(bool memberFirst)
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    public static bool IsVisible(Type type) => type.IsConstructedGenericType ? IsVisible(type.GetGenericTypeDefinition()) :
        (type.IsPublic || type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && (type.DeclaringType is null || IsVisible(type.DeclaringType));

    public static string Declaration(Type type)
    {
        string access = type.IsNestedFamily ? "protected " : type.IsNestedFamORAssem ? "protected internal " : "public ";
        if (type.IsEnum) return $"{access}enum : {Name(Enum.GetUnderlyingType(type))}";
        if (type.IsSubclassOf(typeof(Delegate))) return access + "delegate";
        string kind = type.IsInterface ? "interface"
            : type.IsValueType ? (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + "struct"
            : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + "class";
        return ApiList.Normalise(access + kind + Variance(type) + Constraints(type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0)));
    }

    /// <summary>The interfaces that a type adds itself: not its base's, not those that follow from others.</summary>
    public static IEnumerable<Type> OwnInterfaces(Type type)
    {
        var all = type.GetInterfaces();
        return all.Except(type.BaseType?.GetInterfaces() ?? []).Where(i => !all.Any(other => other != i && other.GetInterfaces().Contains(i)));
    }

    public IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            foreach (var value in type.GetFields(BindingFlags.Public | BindingFlags.Static))
                yield return ApiList.Normalise((memberFirst ? "" : "enumvalue ") + $"{value.Name} = {Convert.ToString(value.GetRawConstantValue(), CultureInfo.InvariantCulture)}");
            yield break;
        }
        if (type.IsSubclassOf(typeof(Delegate))) yield break;
        foreach (var member in type.GetMembers(Declared))
        {
            string? line = member switch
            {
                ConstructorInfo c when Access(c) is { } access && !c.IsStatic => Line("ctor", $"{access}", "", $".ctor({Parameters(c)})"),
                MethodInfo m when Access(m) is { } access && !IsAccessor(m) => MethodLine(m, access),
                PropertyInfo p => PropertyLine(p),
                FieldInfo f when Access(f) is { } access => FieldLine(f, access),
                EventInfo e when Access(e.AddMethod!) is { } access =>
                    Line("event", access + Modifiers(e.AddMethod!), TypeName(e.EventHandlerType!), e.Name, field: true),
                _ => null,
            };
            if (line is not null) yield return ApiList.Normalise(memberFirst ? TupleNames().Replace(line, "$1") : line);
        }
    }

    public static string DelegateSignature(Type type)
    {
        var invoke = type.GetMethod("Invoke")!;
        return ApiList.Normalise($"{TypeName(invoke.ReturnType, invoke.ReturnParameter)}({Parameters(invoke)})");
    }

    private string Line(string kind, string modifiers, string type, string name, string tail = "", bool field = false) =>
        memberFirst
            ? $"{name} = {(field ? WithKind(modifiers, kind) : modifiers)}{(type.Length > 0 ? " " + type : "")}{tail}"
            : $"{kind} {modifiers} {(type.Length > 0 ? type + " " : "")}{name}{tail}";

    // "public property static ...": in this notation the kind stands behind the access.
    private static string WithKind(string modifiers, string kind)
    {
        string access = modifiers.StartsWith("protected internal") ? "protected internal" : modifiers.Split(' ')[0];
        return $"{access} {kind}{modifiers[access.Length..]}";
    }

    private string MethodLine(MethodInfo m, string access)
    {
        string name = m.Name + (m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(a => a.Name))}>" : "");
        bool extension = m.IsDefined(typeof(ExtensionAttribute));
        return Line("method", access + Modifiers(m), TypeName(m.ReturnType, m.ReturnParameter), $"{name}({(extension ? "this " : "")}{Parameters(m)})",
            m.IsGenericMethod ? Constraints(m.GetGenericArguments()) : "");
    }

    private string? PropertyLine(PropertyInfo p)
    {
        string? get = p.GetMethod is { } g ? Access(g) : null, set = p.SetMethod is { } s ? Access(s) : null;
        if (get is null && set is null) return null;
        string access = get == "public" || set == "public" ? "public" : get ?? set!;
        var shown = get is not null ? p.GetMethod! : p.SetMethod!;
        bool init = p.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        string Accessor(string? own, string keyword) => own is null ? "" : own == access ? keyword + "; " : $"{own} {keyword}; ";
        var index = p.GetIndexParameters();
        string name = index.Length == 0 ? p.Name : (memberFirst ? "this" : p.Name) + $"[{Parameters(index)}]";
        string accessors = $" {{ {Accessor(get, "get")}{Accessor(set, init ? "init" : "set")}}}";
        return Line("property", access + Modifiers(shown), TypeName(p.PropertyType, p), name, accessors, field: true);
    }

    private string FieldLine(FieldInfo f, string access)
    {
        string modifiers = f.IsLiteral ? " const" : (f.IsStatic ? " static" : "") + (f.IsInitOnly ? " readonly" : "");
        return Line("field", access + modifiers, TypeName(f.FieldType, f), f.Name, f.IsLiteral ? $" = {Literal(f.GetRawConstantValue(), f.FieldType)}" : "", field: true);
    }

    private static bool IsAccessor(MethodInfo m) => m.IsSpecialName && (m.Name.StartsWith("get_") || m.Name.StartsWith("set_") || m.Name.StartsWith("add_") || m.Name.StartsWith("remove_"));

    private static string? Access(MethodBase m) => m.IsPublic ? "public" : m.IsFamily ? "protected" : m.IsFamilyOrAssembly ? "protected internal" : null;
    private static string? Access(FieldInfo f) => f.IsPublic ? "public" : f.IsFamily ? "protected" : f.IsFamilyOrAssembly ? "protected internal" : null;

    private static string Modifiers(MethodInfo m)
    {
        if (m.IsStatic) return " static";
        if (!m.IsVirtual || m.DeclaringType!.IsInterface) return "";
        if (m.GetBaseDefinition() != m) return m.IsFinal ? " sealed override" : m.IsAbstract ? " abstract override" : " override";
        return m.IsAbstract ? " abstract" : m.IsFinal ? "" : " virtual";
    }

    private static string Parameters(MethodBase method) => Parameters(method.GetParameters());
    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(Parameter));

    private static string Parameter(ParameterInfo p)
    {
        string way = p.IsDefined(typeof(ParamArrayAttribute)) || p.IsDefined(typeof(ParamCollectionAttribute)) ? "params "
            : !p.ParameterType.IsByRef ? "" : p.IsOut ? "out " : p.IsIn ? "in " : "ref ";
        return $"{way}{TypeName(p.ParameterType, p)} {p.Name}{(p.HasDefaultValue ? $" = {Literal(p.RawDefaultValue, p.ParameterType)}" : "")}";
    }

    private static string Literal(object? value, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => type.IsValueType && Nullable.GetUnderlyingType(type) is null && !type.IsGenericParameter ? "default" : "null",
            string text => $"\"{text}\"",
            bool b => b ? "true" : "false",
            char c => $"'{(char.IsControl(c) ? $"\\u{(int)c:x4}" : c)}'",
            _ when plain.IsEnum => Enum.GetName(plain, value) ?? Convert.ToString(value, CultureInfo.InvariantCulture)!,
            double.PositiveInfinity => "Infinity",
            double.NegativeInfinity => "-Infinity",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static string Variance(Type type)
    {
        var arguments = type.GetGenericArguments();
        if (!type.IsInterface || arguments.All(a => (a.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) == 0)) return "";
        return $" <{string.Join(", ", arguments.Select(a => (a.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
        {
            GenericParameterAttributes.Covariant => "out ",
            GenericParameterAttributes.Contravariant => "in ",
            _ => "",
        } + a.Name))}>";
    }

    private static string Constraints(IEnumerable<Type> parameters) => string.Concat(parameters.Select(parameter =>
    {
        var flags = parameter.GenericParameterAttributes;
        var all = new List<string>();
        bool unmanaged = parameter.GetCustomAttributesData().Any(a => a.AttributeType.Name == "IsUnmanagedAttribute");
        if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) all.Add("class");
        if (unmanaged) all.Add("unmanaged");
        else if (flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint)) all.Add("struct");
        all.AddRange(parameter.GetGenericParameterConstraints().Where(c => c != typeof(ValueType)).Select(c => TypeName(c)));
        if (flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint)) all.Add("new()");
        return all.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", all)}";
    }));

    public static string Name(Type type) => ApiList.Normalise(TypeName(type));

    private static string TypeName(Type type, ICustomAttributeProvider? carrier = null)
    {
        var names = (carrier?.GetCustomAttributes(typeof(TupleElementNamesAttribute), false).FirstOrDefault() as TupleElementNamesAttribute)?.TransformNames;
        var queue = names is null ? null : new Queue<string?>(names);
        return TypeName(type, queue);
    }

    private static string TypeName(Type type, Queue<string?>? tupleNames)
    {
        if (type.IsByRef) return TypeName(type.GetElementType()!, tupleNames);
        if (type.IsPointer) return TypeName(type.GetElementType()!, tupleNames) + "*";
        if (type.IsArray) return TypeName(type.GetElementType()!, tupleNames) + $"[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsGenericParameter) return type.Name;
        if (Nullable.GetUnderlyingType(type) is { } inner && !type.IsGenericTypeDefinition) return TypeName(inner, tupleNames) + "?";
        if (Keywords.TryGetValue(type, out var keyword)) return keyword;
        if (type.IsGenericType && type.GetGenericTypeDefinition().FullName!.StartsWith("System.ValueTuple`") && !type.IsGenericTypeDefinition)
        {
            var items = type.GetGenericArguments();
            // Names of this tuple's elements come before those of tuples inside.
            var own = items.Select(_ => tupleNames is { Count: > 0 } ? tupleNames.Dequeue() : null).ToArray();
            return $"({string.Join(", ", items.Select((t, i) => TypeName(t, tupleNames) + (own[i] is null ? "" : " " + own[i])))})";
        }
        var arguments = new Queue<Type>(type.GetGenericArguments());
        var chain = new Stack<Type>();
        for (var t = type; t is not null; t = t.DeclaringType) chain.Push(t);
        var parts = new List<string>();
        int taken = 0;
        foreach (var part in chain)
        {
            int arity = part.GetGenericArguments().Length - taken;
            taken += arity;
            string bare = part.Name.Split('`')[0];
            parts.Add(arity == 0 ? bare : $"{bare}<{string.Join(", ", Enumerable.Range(0, arity).Select(_ => TypeName(arguments.Dequeue(), tupleNames)))}>");
        }
        return (string.IsNullOrEmpty(type.Namespace) ? "" : type.Namespace + ".") + string.Join(".", parts);
    }

    // The notation with the member first shows tuples without names: IEnumerable<(int, int)>.
    [System.Text.RegularExpressions.GeneratedRegex(@"(?<=<\([^()]*)(\S+) \w+(?=[,)])")] private static partial System.Text.RegularExpressions.Regex TupleNames();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short",
        [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(char)] = "char",
        [typeof(string)] = "string", [typeof(object)] = "object",
    };
}
