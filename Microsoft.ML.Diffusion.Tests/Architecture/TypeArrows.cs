using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>
/// Which type of an assembly uses which, as compiled: in its signatures, fields, bases, attributes and code. Names in comments and in nameof leave no
/// trace there.
/// </summary>
internal static partial class TypeArrows
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The types of its assembly that a type uses, itself not among them; nested ones count as the outermost.</summary>
    public static IReadOnlySet<Type> UsedBy(Type type) =>
        NamedBy(type).Where(named => named.Assembly == type.Assembly)
            .Select(Outermost)
            .Where(named => named != type && !IsOfCompiler(named))
            .ToHashSet();

    /// <summary>The types of any assembly that a type, its nested ones and their code name.</summary>
    public static IReadOnlySet<Type> NamedBy(Type type)
    {
        var named = new HashSet<Type>();
        foreach (var part in Parts(type))
        {
            Add(part.BaseType);
            Array.ForEach(part.GetInterfaces(), Add);
            AddAttributes(part);
            foreach (var member in part.GetMembers(Own))
            {
                AddAttributes(member);
                switch (member)
                {
                    case FieldInfo field:
                        Add(field.FieldType);
                        break;
                    case MethodBase method:
                        AddMethod(method);
                        break;
                }
            }
        }

        return named;

        void AddMethod(MethodBase method)
        {
            foreach (var part in NamedBy(method))
            {
                Add(part);
            }
        }

        void AddAttributes(MemberInfo member)
        {
            foreach (var argument in member.GetCustomAttributesData()
                .SelectMany(attribute => attribute.ConstructorArguments)
                .Select(argument => argument.Value)
                .OfType<Type>())
            {
                Add(argument);
            }
        }

        void Add(Type? found) => named.UnionWith(Whole(found));
    }

    /// <summary>The types that a method names: in its signature, its locals and its code, with the signatures of what it calls.</summary>
    public static IReadOnlySet<Type> NamedBy(MethodBase method)
    {
        var body = method.GetMethodBody();
        var named =
            Signature(method)
                .Concat(body?.LocalVariables.Select(local => local.LocalType) ?? [])
                .Concat(body?.ExceptionHandlingClauses
                    .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause)
                    .Select(clause => clause.CatchType) ?? []);
        foreach (var (code, operand) in MethodCode.Instructions(method))
        {
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                named = named.Concat(MethodCode.ResolveMember(method, operand) switch
                {
                    Type type => [type],
                    FieldInfo field => [field.DeclaringType, field.FieldType],
                    MethodBase called => Signature(called).Append(called.DeclaringType),
                    var other => [other?.DeclaringType],
                });
            }
        }

        return named.SelectMany(Whole).ToHashSet();

        static IEnumerable<Type?> Signature(MethodBase method) =>
        [
            (method as MethodInfo)?.ReturnType,
            .. method.GetParameters().Select(parameter => parameter.ParameterType),
            .. method.IsGenericMethod ? method.GetGenericArguments() : [],
        ];
    }

    /// <summary>A type without its arrays and pointers, and the types that it is made of.</summary>
    public static IEnumerable<Type> Whole(Type? type) =>
        type is null || type.IsGenericParameter ? []
        : type.HasElementType ? Whole(type.GetElementType())
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Whole).Append(type)
        : [type];

    /// <summary>The types that a person declared outside of another.</summary>
    public static IEnumerable<Type> Declared(Assembly assembly) =>
        assembly.GetTypes().Where(type => type.DeclaringType is null && !IsOfCompiler(type));

    /// <summary>Whether the compiler made a type: a person cannot write its name.</summary>
    public static bool IsOfCompiler(Type type) =>
        type.Name.StartsWith('<')
            || type.Namespace is null
            || type.Namespace.StartsWith("System", StringComparison.Ordinal)
            || type.Namespace == "Microsoft.CodeAnalysis";

    /// <summary>The files of a folder that declare a type, by its name as compiled.</summary>
    public static ILookup<string, string> Files(string folder) =>
        (from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
         let path = Path.GetRelativePath(folder, file).Replace('\\', '/')
         where !path.StartsWith("bin/", StringComparison.Ordinal) && !path.StartsWith("obj/", StringComparison.Ordinal)
         from Match match in Declaration().Matches(File.ReadAllText(file))
         select (Name: match.Groups["name"].Value, Path: path)).Distinct().ToLookup(entry => entry.Name, entry => entry.Path);

    private static IEnumerable<Type> Parts(Type type) => type.GetNestedTypes(Own).SelectMany(Parts).Prepend(type);

    private static Type Outermost(Type type) =>
        type.DeclaringType is { } outer ? Outermost(outer) : type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    [GeneratedRegex(@"^(?:public |internal )(?:static |sealed |abstract |readonly |partial |unsafe |ref )*(?:class|record struct|record class|record|struct|enum|interface|delegate [\w<>\[\]?., ]+?) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
